"""Prints a line for each call that a server answers."""

from __future__ import annotations

import asyncio

from fakefal.cli.output.entry_lines import EntryLines
from fakefal.cli.terminal import Terminal
from fakefal.engine.core.journal import JournalEntry

_WRITE_AFTER_SECONDS = 0.01
"""Nobody sees the delay, and a busy server writes once for many calls: a write and a flush for each
took a quarter of its time."""


class CallPrinter:
    """Writes the lines of journal entries, those of a moment together.

    To be used on the event loop; ``flush`` writes what is still due.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._entry_lines = EntryLines()
        self._lines: list[str] = []

    def print_entry(self, entry: JournalEntry) -> None:
        """Print an entry as people read it; an ordinary poll has no line."""
        self.print_lines(self._entry_lines.format(entry.body()))

    def print_lines(self, lines: list[str]) -> None:
        """Write lines in a moment, or at once if there is no event loop."""
        if not lines:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._lines += lines
            self.flush()
            return
        if not self._lines:
            loop.call_later(_WRITE_AFTER_SECONDS, self.flush)
        self._lines += lines

    def flush(self) -> None:
        """Write the lines that are due."""
        if self._lines:
            lines, self._lines = self._lines, []
            self._terminal.write_line("\n".join(lines))
