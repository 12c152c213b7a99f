"""Prints a line for each call that a server answers."""

from __future__ import annotations

import asyncio

import click

from fakefal.cli.terminal import Terminal
from fakefal.engine.core.journal import JournalEntry

_SHOWN_KINDS = frozenset({"call", "cancel", "refused", "webhook", "lint", "upload"})

_WRITE_AFTER_SECONDS = 0.01
"""Nobody sees the delay, and a busy server writes once for many calls: a write and a flush for each
took a quarter of its time."""


class CallPrinter:
    """Writes the lines of journal entries, those of a moment together.

    To be used on the event loop; ``flush`` writes what is still due.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._lines: list[str] = []

    def print_entry(self, entry: JournalEntry) -> None:
        """Print an entry, unless it is of a kind that is not shown."""
        if entry.kind not in _SHOWN_KINDS:
            return
        if not self._lines:
            asyncio.get_running_loop().call_later(_WRITE_AFTER_SECONDS, self.flush)
        self._lines.append(_format_entry(entry, has_colours=self._terminal.has_colours))

    def flush(self) -> None:
        """Write the lines that are due."""
        if self._lines:
            lines, self._lines = self._lines, []
            self._terminal.write_line("\n".join(lines))


def _format_entry(entry: JournalEntry, *, has_colours: bool) -> str:
    style = click.style if has_colours else _plain
    call = entry.call
    time = style(_format_time(entry.at), dim=True)
    via = call.via if call is not None and entry.kind == "call" else entry.kind
    endpoint = call.endpoint.text if call is not None else ""
    status = style(str(entry.status or "—"), fg="green" if 0 < entry.status < 400 else "red")
    request_id = style(entry.request_id, dim=True) if entry.request_id else ""
    if entry.kind == "webhook":
        return f"{time} {via:<7} {'  '.join((status, entry.note, request_id))}"
    columns = (endpoint, status, entry.label or entry.note, request_id)
    line = f"{time} {via:<7} {'  '.join(filter(None, columns))}"
    if entry.miss is not None:
        line += f"\n         {style(str(entry.miss), fg='yellow')}"
    return line


def _plain(text: str, fg: str = "", dim: bool = False) -> str:
    """The text without colours."""
    return text


def _format_time(at: float) -> str:
    seconds = int(at) % 86_400
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
