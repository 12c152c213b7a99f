"""Recording modes, named as in VCR: whether a file is recorded, replayed or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from fakefal.errors import FakefalError
from fakefal.scenario.values.durations import parse_duration

if TYPE_CHECKING:
    from fakefal.scenario.compiled.scenario import LoadedScenario
    from fakefal.scenario.model.scenario import Recorded

Mode = Literal["none", "once", "new", "all"]
MODES: tuple[Mode, ...] = get_args(Mode)

MAX_AGE_SECONDS = 90 * 86_400.0
"""Default age after which a recording is reported as old."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to a file: it is replayed (``loaded``), recorded, or both.

    With both, calls that match nothing in the file are sent upstream.
    """

    loaded: LoadedScenario | None
    should_record: bool


def default_mode(environment: Mapping[str, str]) -> Mode:
    """``none`` in CI, where tests must not depend on upstream; else ``once``."""
    ci_value = environment.get("CI", "").lower()
    return "once" if ci_value in ("", "0", "false", "no") else "none"


def choose_action(path: Path, mode: Mode) -> Decision:
    """What a mode means for a file.

    Raises FakefalError if mode ``none`` finds no file, ScenarioError if the file is invalid.
    """
    from fakefal.scenario.files.loader import load_file  # YAML and pydantic: slow to import

    exists = path.exists()
    if mode == "none":
        if not exists:
            raise FakefalError(
                f"{path} does not exist, and mode none records nothing — record it once with "
                "--mode once, and commit it"
            )
        return Decision(load_file(path), False)
    if mode == "all" or not exists:
        return Decision(None, True)
    loaded = load_file(path)
    if mode == "new":
        return Decision(loaded, True)
    header = loaded.scenario.recorded
    if header is not None and not header.complete:
        return Decision(None, True)  # not all of it was recorded
    return Decision(loaded, False)


def age_warning(
    loaded: LoadedScenario, now: Callable[[], float], max_age_seconds: float = MAX_AGE_SECONDS
) -> str:
    """A warning about an old recording; empty if it is recent or no recording at all."""
    header = loaded.scenario.recorded
    if header is None:
        return ""
    age = now() - recorded_at(header, loaded.file)
    if age <= max_age_seconds:
        return ""
    return (
        f"{loaded.file} was recorded {age / 86_400:.0f} days ago, more than "
        f"{max_age_seconds / 86_400:g} — record it again with --mode all, and see fakefal diff"
    )


def recorded_at(header: Recorded, file: str) -> float:
    """When a recording was made, in seconds since 1970; raises FakefalError."""
    try:
        moment = datetime.fromisoformat(header.at.replace("Z", "+00:00"))
    except ValueError:
        raise FakefalError(
            f'{file}: recorded.at: "{header.at}" is not a timestamp — write 2026-09-27T12:00:00Z'
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()


def parse_age(text: str) -> float:
    """``90d`` in seconds; raises FakefalError."""
    try:
        return parse_duration(text)
    except ValueError:
        raise FakefalError(f'"{text}" is not a duration — write 90d or 12h') from None
