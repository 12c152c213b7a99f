"""Options and summary of the commands that record."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fakefal._version import __version__
from fakefal.cli.terminal import Terminal, pluralize
from fakefal.engine.core.clock import real_now
from fakefal.errors import FakefalError
from fakefal.recorder.capture.modes import (
    MODES,
    Decision,
    Mode,
    age_warning,
    choose_action,
    default_mode,
    parse_age,
)
from fakefal.server.server import FakeFalServer

if TYPE_CHECKING:
    from fakefal.recorder.distil.distil import DistilResult
    from fakefal.server.recording import RecordingConfig

RECORDING_OPTION_NAMES = ("mode", "upstream", "patterns", "media", "max_age")
"""The parameter names of ``recording_options``."""

Command = TypeVar("Command", bound=Callable[..., Any])

_MAX_NOTES = 20
_MAX_PLACES = 200

_OPTIONS = (
    click.option(
        "--mode",
        type=click.Choice(MODES),
        help="once: record if the file does not exist; new: replay, and record new calls; all: "
        "record again; none: only replay. Default: once, in CI none.",
    ),
    click.option(
        "--upstream",
        metavar="URL",
        help="Send calls to this base URL instead of fal, such as that of another fakefal.",
    ),
    click.option(
        "--redact",
        "patterns",
        multiple=True,
        metavar="PATTERN",
        help="Redact matches of this regular expression too; repeatable.",
    ),
    click.option(
        "--media/--no-media",
        default=True,
        show_default=True,
        help="Whether to fetch output files that the program itself does not read.",
    ),
    click.option(
        "--max-age",
        default="90d",
        show_default=True,
        metavar="DURATION",
        help="Warn if the recording is older.",
    ),
)


def recording_options(command: Command) -> Command:
    """Add the options of ``RecordingOptions`` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    """Parsed options of a recording."""

    path: Path
    mode: Mode
    upstream: str | None
    patterns: tuple[str, ...]
    media: bool
    max_age_seconds: float

    @classmethod
    def parse(
        cls,
        path: str | Path,
        *,
        mode: Mode | None = None,
        upstream: str | None = None,
        patterns: tuple[str, ...] = (),
        media: bool = True,
        max_age: str = "90d",
    ) -> RecordingOptions:
        """Parse the command line's values; raises FakefalError."""
        mode = mode or default_mode(os.environ)  # noqa: TID251 (it depends on $CI)
        return cls(Path(path), mode, upstream, patterns, media, parse_age(max_age))

    @property
    def is_additive(self) -> bool:
        """Whether an existing recording is replayed, and only new calls are recorded."""
        return self.mode == "new" and self.path.exists()

    def decide(self, terminal: Terminal) -> Decision:
        """Decide whether to record or replay, and warn of an old recording.

        Raises FakefalError.
        """
        decision = choose_action(self.path, self.mode)
        if decision.loaded is not None:
            warning = age_warning(decision.loaded, real_now, self.max_age_seconds)
            if warning:
                terminal.write_error(f"fakefal: {warning}")
        return decision

    def server_settings(self, decision: Decision) -> RecordingConfig:
        """The recording part of a server's configuration."""
        # Imported late: a replay needs no recorder, and starts faster without.
        from fakefal.server.recording import RecordingConfig

        return RecordingConfig(
            self.path,
            self.upstream,
            self.patterns,
            dict(os.environ),  # noqa: TID251 (secrets to redact)
            misses_only=decision.loaded is not None,
            fetch_media=self.media,
            version=__version__,
        )

    def make_server(self, terminal: Terminal, speed: float) -> tuple[FakeFalServer, Decision]:
        """A server that records, replays, or both. ``speed`` applies to replays; 0 is instant."""
        decision = self.decide(terminal)
        server = FakeFalServer(*() if decision.loaded is None else (decision.loaded,), speed=speed)
        if decision.should_record:
            server.record(self.server_settings(decision))
        return server, decision


def record_with(server: FakeFalServer, terminal: Terminal, recording: RecordingOptions) -> None:
    """Let a server with scenarios record; raises FakefalError.

    In mode ``new`` only calls that match none of its scenarios are recorded, else all calls are.
    """
    decision = recording.decide(terminal)
    if not decision.should_record:
        raise FakefalError(
            f"{recording.path} already exists — serve it, or record it again with --mode all or new"
        )
    server_settings = recording.server_settings(decision)
    answers_first = recording.mode == "new" and bool(server.engine.scenarios)
    server.record(replace(server_settings, misses_only=True) if answers_first else server_settings)


def recording_summary(distilled: DistilResult | None, path: Path) -> list[str]:
    """The lines printed at the end of a recording."""
    if distilled is None:
        return []
    exchanges = distilled.scenario["exchanges"]
    calls = sum(len(exchange.get("replies", [0])) for exchange in exchanges)
    number = pluralize(len(exchanges), "exchange")
    head = f"fakefal: recorded {pluralize(calls, 'call')} as {number} in {path}"
    if distilled.files:
        head += f", {pluralize(len(distilled.files), 'file')}"
    lines = [head]
    lines += [f"  not recorded: {note}" for note in distilled.notes[:_MAX_NOTES]]
    if len(distilled.notes) > _MAX_NOTES:
        lines.append(f"  not recorded: … and {len(distilled.notes) - _MAX_NOTES} more")
    return [*lines, *secret_lines(distilled)]


def secret_lines(distilled: DistilResult) -> list[str]:
    """The places where secrets were replaced, and where something may be one; never a value."""
    lines = [f"  redacted: {place}" for place in distilled.redacted[:_MAX_PLACES]]
    if len(distilled.redacted) > _MAX_PLACES:
        lines.append(f"  redacted: … and {len(distilled.redacted) - _MAX_PLACES} more")
    lines += [
        f"  warning: kept, but may be a secret — add --redact PATTERN: {place}"
        for place in distilled.suspects[:_MAX_NOTES]
    ]
    if len(distilled.suspects) > _MAX_NOTES:
        lines.append(f"  warning: … and {len(distilled.suspects) - _MAX_NOTES} more")
    return lines
