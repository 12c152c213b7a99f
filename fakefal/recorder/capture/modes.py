"""When a session is recorded, and when a recording answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from fakefal.errors import FakefalError
from fakefal.scenario.values.durations import parse_duration

if TYPE_CHECKING:
    from fakefal.scenario.files.loader import LoadedScenario
    from fakefal.scenario.model.scenario import Recorded

Mode = Literal["none", "once", "new", "all"]
MODES: tuple[Mode, ...] = get_args(Mode)

MAX_AGE_SECONDS = 90 * 86_400.0
"""A recording that is older is said to be, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done with a recording: it answers (``loaded``), is recorded, or both.

    With both, upstream is asked what the recording has no answer to.
    """

    loaded: LoadedScenario | None
    should_record: bool


def default_mode(environment: Mapping[str, str]) -> Mode:
    """``none`` in CI, which must not depend on what upstream says today; else ``once``."""
    ci_value = environment.get("CI", "").lower()
    return "once" if ci_value in ("", "0", "false", "no") else "none"


def choose_action(path: Path, mode: Mode) -> Decision:
    """What a mode means for a file; raises FakefalError, ScenarioError for one that is wrong."""
    from fakefal.scenario.files.loader import load_file  # most commands ask for no mode

    exists = path.exists()
    if mode == "none":
        if not exists:
            raise FakefalError(
                f"{path} is not there, and mode none records nothing — record it once with "
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
        return Decision(None, True)  # it was broken off, so it is not the whole conversation
    return Decision(loaded, False)


def age_warning(
    loaded: LoadedScenario, now: Callable[[], float], max_age_seconds: float = MAX_AGE_SECONDS
) -> str:
    """What to say of a recording that is old; empty for one that is not."""
    header = loaded.scenario.recorded
    if header is None:
        return ""
    age = now() - recorded_at(header, loaded.file)
    if age <= max_age_seconds:
        return ""
    return (
        f"{loaded.file} was recorded {age / 86_400:.0f} days ago, and {max_age_seconds / 86_400:g} "
        "are old — record it again with --mode all, and see fakefal diff"
    )


def recorded_at(header: Recorded, file: str) -> float:
    """When a recording was made, in seconds since 1970; raises FakefalError."""
    try:
        moment = datetime.fromisoformat(header.at.replace("Z", "+00:00"))
    except ValueError:
        raise FakefalError(
            f'{file}: recorded.at: "{header.at}" is no instant — write 2026-09-27T12:00:00Z'
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()


def parse_age(text: str) -> float:
    """Seconds from ``90d``; raises FakefalError."""
    try:
        return parse_duration(text)
    except ValueError:
        raise FakefalError(f'"{text}" is no duration — write 90d or 12h') from None
