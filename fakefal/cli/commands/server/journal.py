"""``fakefal journal`` and ``fakefal misses``: what happened on a running server."""

from __future__ import annotations

import json
from typing import Any

import click

from fakefal.cli.control_client import ControlClient, server_options
from fakefal.cli.output.entry_lines import EntryLines
from fakefal.cli.terminal import Terminal
from fakefal.engine.core.journal import ENTRY_KINDS


@click.command()
@server_options
@click.option("-f", "--follow", is_flag=True, help="Then show new entries until interrupted.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(ENTRY_KINDS), help="Only these; repeatable."
)
@click.option("--failed", is_flag=True, help="Only what failed or matched no exchange.")
@click.option("--text", help="Only entries that contain this text.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print each entry as a line of JSON.")
@click.pass_obj
def journal(
    terminal: Terminal,
    /,
    url: str,
    key: str | None,
    token: str | None,
    follow: bool,
    kinds: tuple[str, ...],
    failed: bool,
    text: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show the newest entries of a running server's journal, as `fakefal serve` prints them."""
    client = ControlClient(url, key, token)
    selection = {"kind": ",".join(kinds), "failed": "true" if failed else None, "text": text}
    lines = EntryLines()
    is_selected = bool(kinds or failed or text)

    def show(entry: dict[str, Any]) -> None:
        if as_json:
            terminal.write_line(json.dumps(entry, ensure_ascii=False))
            return
        for line in lines.format(entry, is_complete=is_selected):
            terminal.write_line(line)

    entries = client.get("/journal", **selection, limit=limit)
    for entry in entries:
        show(entry)
    if not entries and not follow:
        terminal.write_line("no entries")
    if follow:
        since = entries[-1]["number"] if entries else None
        for name, entry in client.events("/journal/live", **selection, since=since):
            if name == "entry":
                show(entry)


@click.command()
@server_options
@click.option("--json", "as_json", is_flag=True, help="Print objects with all differences.")
@click.pass_obj
def misses(
    terminal: Terminal, /, url: str, key: str | None, token: str | None, as_json: bool
) -> int:
    """List the calls of a running server that no exchange matched; exit code 1 if there are any."""
    client = ControlClient(url, key, token)
    found = client.get("/misses", details="true")
    if as_json:
        terminal.write_line(json.dumps(found, indent=2, ensure_ascii=False))
    for miss in () if as_json else found:
        head, separator, nearest = miss["text"].partition("; nearest: ")
        terminal.write_line(head)
        if separator:
            terminal.write_line(f"  nearest: {nearest}")
    if not found and not as_json:
        terminal.write_line("no misses")
    return 1 if found else 0
