"""What ``fakefal serve`` prints while it runs: text for people, or lines of JSON."""

from __future__ import annotations

import json
from typing import Any

import click

from fakefal.cli.call_printer import CallPrinter
from fakefal.cli.terminal import Terminal
from fakefal.engine.core.journal import JournalEntry


class ServerLog:
    """Prints journal entries, and what else happens to a server."""

    def __init__(self, terminal: Terminal, log_format: str, *, is_quiet: bool) -> None:
        self._terminal = terminal
        self._is_json = log_format == "json"
        self._is_quiet = is_quiet
        self._printer = CallPrinter(terminal)

    def write_entry(self, entry: JournalEntry) -> None:
        """Print an entry of any tenant's journal."""
        if self._is_quiet:
            return
        if self._is_json:
            self._printer.print_lines([_json_line(entry.body())])
        else:
            self._printer.print_entry(entry)

    def write_notice(self, text: str) -> None:
        """Print a change of the server, such as scenarios that were pushed."""
        if self._is_quiet:
            return
        if self._is_json:
            self._printer.print_lines([_json_line({"kind": "notice", "note": text})])
        else:
            self._printer.print_lines([f"         {click.style(text, fg='cyan')}"])

    def write(self, kind: str, text: str, **fields: Any) -> None:
        """Print the start or the end of the server, ``fields`` in JSON; also if it is quiet."""
        self.flush()
        self._terminal.write_line(_json_line({"kind": kind, **fields}) if self._is_json else text)

    def flush(self) -> None:
        """Write the lines that are due."""
        self._printer.flush()


def _json_line(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False)
