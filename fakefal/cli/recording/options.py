"""Options and summary of the commands that record."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fakefal._version import __version__
from fakefal.cli.terminal import Terminal, pluralize
from fakefal.engine.core.clock import real_now
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

SAFETY_NAMES = ("force", "backup", "strict")

SAFETY_OPTIONS = (
    click.option(
        "--force",
        is_flag=True,
        help="Replace a recording although it was edited by hand. Other files are never replaced.",
    ),
    click.option(
        "--backup/--no-backup",
        default=True,
        show_default=True,
        help="Whether to keep the recording that is replaced, as FILE.bak.",
    ),
    click.option(
        "--strict",
        is_flag=True,
        help="Fail with exit code 5 if something could not be recorded, or if a replayed recording "
        "is older than --max-age, not complete, or has calls that were not made.",
    ),
)
"""Options of every command that writes a recording."""

EXIT_STRICT = 5
"""Exit code under --strict for a recording that is not whole, or a replay that does not fit."""

RECORDING_OPTION_NAMES = ("mode", "upstream", "patterns", "media", "max_age", *SAFETY_NAMES)
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
    *SAFETY_OPTIONS,
)


def safety_options(command: Command) -> Command:
    """Add the options of every command that writes a recording: force, backup, strict."""
    for option in reversed(SAFETY_OPTIONS):
        command = option(command)
    return command


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
    force: bool = False
    backup: bool = True
    strict: bool = False

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
        **safety: bool,
    ) -> RecordingOptions:
        """Parse the command line's values; raises FakefalError."""
        mode = mode or default_mode(os.environ)  # noqa: TID251 (it depends on $CI)
        return cls(Path(path), mode, upstream, patterns, media, parse_age(max_age), **safety)

    def decide(self) -> Decision:
        """Decide whether to record or replay; raises FakefalError."""
        return choose_action(self.path, self.mode)

    def describe_replay(self, decision: Decision) -> list[str]:
        """Lines that say that a recording is replayed, of when it is, and what is wrong with it."""
        loaded = decision.loaded
        header = None if loaded is None else loaded.scenario.recorded
        if loaded is None or header is None:
            return [f"fakefal: replaying {self.path}"] if loaded is not None else []
        line = f"fakefal: replaying {self.path}, recorded on {header.at[:10]} from {header.source}"
        if decision.should_record:
            line += "; calls that it lacks go to fal and are recorded"
        else:
            line += " — record it again with --mode all"
        return [line, *(f"fakefal: {text}" for text in self.replay_problems(decision))]

    def replay_problems(self, decision: Decision) -> list[str]:
        """Why the recording that is replayed should be renewed; empty if it should not."""
        loaded = decision.loaded
        header = None if loaded is None else loaded.scenario.recorded
        if loaded is None or header is None:
            return []
        problems = [age_warning(loaded, real_now, self.max_age_seconds)]
        if not header.complete:
            problems.append(f"{self.path} is not complete — record it again with --mode all")
        return [problem for problem in problems if problem]

    def server_settings(self, decision: Decision, terminal: Terminal) -> RecordingConfig:
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
            force=self.force,
            keeps_backup=self.backup,
            on_write_error=lambda error: terminal.write_error(
                f"fakefal: {error}; nothing more is recorded, and this run fails"
            ),
        )

    def make_server(self, terminal: Terminal, speed: float) -> tuple[FakeFalServer, Decision]:
        """A server that records, replays, or both. ``speed`` applies to replays; 0 is instant."""
        decision = self.decide()
        server = FakeFalServer(*() if decision.loaded is None else (decision.loaded,), speed=speed)
        if decision.should_record:
            server.record(self.server_settings(decision, terminal))
        return server, decision


def unused_calls(server: FakeFalServer) -> list[str]:
    """The recorded calls of a server's scenarios that were not made, one line an exchange."""
    used: Counter[object] = Counter()
    for tenant in server.engine.tenants:
        used.update(tenant.resolver.use_counts)
    lines = []
    for exchange in server.engine.base_index.exchanges:
        recorded = len(exchange.replies)
        if used[exchange] < recorded:
            count = f" ({used[exchange]} of {recorded})" if recorded > 1 else ""
            lines.append(f"{exchange.label} was not called{count}")
    return lines


def recording_summary(distilled: DistilResult | None, path: Path) -> list[str]:
    """The lines printed at the end of a recording."""
    if distilled is None:
        return []
    if distilled.path is None:
        return [f"fakefal: nothing is recorded in {path}: {'; '.join(distilled.incomplete)}"]
    exchanges = distilled.scenario["exchanges"]
    calls = sum(len(exchange.get("replies", [0])) for exchange in exchanges)
    number = pluralize(len(exchanges), "exchange")
    head = f"fakefal: recorded {pluralize(calls, 'call')} as {number} in {distilled.path}"
    if routes := distilled.scenario.get("routes"):
        head += f", and {pluralize(len(routes), 'raw route')}"
    if distilled.files:
        head += f", {pluralize(len(distilled.files), 'file')}"
    lines = [head]
    if distilled.backup is not None:
        lines.append(f"  the previous recording is kept as {distilled.backup}")
    if distilled.incomplete:
        lines.append(f"  not complete: {'; '.join(distilled.incomplete)}")
        if distilled.path != path:
            lines.append(f"  {path} stays as it was")
    lines += [f"  raw: {line}" for line in distilled.raw[:_MAX_NOTES]]
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
