"""What every command that records has in common: its options, and what it says at the end."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fakefal._version import __version__
from fakefal.cli.server_options import counted
from fakefal.cli.terminal import Terminal
from fakefal.engine.core.clock import real_now
from fakefal.errors import FakefalError
from fakefal.recorder.capture.modes import (
    MODES,
    Decision,
    Mode,
    age_warning,
    decide,
    read_age,
    usual_mode,
)
from fakefal.server.server import FakeFal

if TYPE_CHECKING:
    from fakefal.recorder.distil.distil import Distilled
    from fakefal.server.recording import RecordingWish

RECORDING = ("mode", "upstream", "patterns", "media", "max_age")
"""The names of the options of ``recording_options``."""

Command = TypeVar("Command", bound=Callable[..., Any])

_MOST_NOTES = 20

_OPTIONS = (
    click.option(
        "--mode",
        type=click.Choice(MODES),
        help="once: record if the file is not there; new: add what it has no answer to; all: "
        "record again; none: only replay. Default: once, in CI none.",
    ),
    click.option(
        "--upstream",
        metavar="URL",
        help="Ask this base URL in place of fal, such as that of another fakefal.",
    ),
    click.option(
        "--redact",
        "patterns",
        multiple=True,
        metavar="PATTERN",
        help="Leave out what this regular expression finds too; repeatable.",
    ),
    click.option(
        "--media/--no-media",
        default=True,
        show_default=True,
        help="Whether files are fetched that the program itself does not read.",
    ),
    click.option(
        "--max-age",
        default="90d",
        show_default=True,
        metavar="DURATION",
        help="Say so when the recording is older.",
    ),
)


def recording_options(command: Command) -> Command:
    """Give a command the options that ``Told`` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Told:
    """What the options of a recording ask for."""

    path: Path
    mode: Mode
    upstream: str | None
    patterns: tuple[str, ...]
    media: bool
    max_age_seconds: float

    @classmethod
    def of(
        cls,
        path: str | Path,
        *,
        mode: Mode | None = None,
        upstream: str | None = None,
        patterns: tuple[str, ...] = (),
        media: bool = True,
        max_age: str = "90d",
    ) -> Told:
        """The options as they were given; raises FakefalError."""
        mode = mode or usual_mode(os.environ)  # noqa: TID251 (CI says so there)
        return cls(Path(path), mode, upstream, patterns, media, read_age(max_age))

    @property
    def answers_too(self) -> bool:
        """Whether what is recorded already answers, and the rest is added."""
        return self.mode == "new" and self.path.exists()

    def decide(self, terminal: Terminal) -> Decision:
        """What is done; says so of a recording that is old. Raises FakefalError."""
        decision = decide(self.path, self.mode)
        if decision.loaded is not None:
            warning = age_warning(decision.loaded, real_now, self.max_age_seconds)
            if warning:
                terminal.complain(f"fakefal: {warning}")
        return decision

    def wish(self, decision: Decision) -> RecordingWish:
        """What the server is to record."""
        from fakefal.server.recording import RecordingWish  # most servers record nothing

        return RecordingWish(
            self.path,
            self.upstream,
            self.patterns,
            dict(os.environ),  # noqa: TID251 (its secrets must not be written)
            misses_only=decision.loaded is not None,
            media=self.media,
            version=__version__,
        )

    def fake(self, terminal: Terminal, speed: float) -> tuple[FakeFal, Decision]:
        """A server that records, replays, or both; a replay takes no time unless told."""
        decision = self.decide(terminal)
        fake = FakeFal(*() if decision.loaded is None else (decision.loaded,), speed=speed)
        if decision.records:
            fake.record(self.wish(decision))
        return fake, decision


def record_with(fake: FakeFal, terminal: Terminal, told: Told) -> None:
    """Have a server that was made already record; raises FakefalError.

    Its own scenarios answer first in mode ``new`` alone: what they have no answer to is recorded.
    """
    decision = told.decide(terminal)
    if not decision.records:
        raise FakefalError(
            f"{told.path} is there already — serve it, or record it again with --mode all or new"
        )
    wish = told.wish(decision)
    is_first = told.mode == "new" and bool(fake.engine.scenarios)
    fake.record(replace(wish, misses_only=True) if is_first else wish)


def told_of(distilled: Distilled | None, path: Path) -> list[str]:
    """The lines that a recording ends with."""
    if distilled is None:
        return []
    exchanges = distilled.data["exchanges"]
    calls = sum(len(exchange.get("replies", [0])) for exchange in exchanges)
    number = counted(len(exchanges), "exchange")
    head = f"fakefal: recorded {counted(calls, 'call')} as {number} in {path}"
    if distilled.files:
        head += f", {counted(len(distilled.files), 'file')}"
    lines = [head]
    lines += [f"  not recorded: {note}" for note in distilled.notes[:_MOST_NOTES]]
    if len(distilled.notes) > _MOST_NOTES:
        lines.append(f"  not recorded: … and {len(distilled.notes) - _MOST_NOTES} more")
    return lines
