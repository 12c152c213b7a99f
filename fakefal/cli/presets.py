"""``fakefal presets``: every trouble that has a name."""

from __future__ import annotations

from collections.abc import Iterable

import click

from fakefal.cli.terminal import Terminal
from fakefal.protocol.errors.catalog import CATALOGUE
from fakefal.scenario.model.faults import WORDS
from fakefal.scenario.presets.registry import PRESETS

Row = tuple[str, str, str, str]
"""Name, grade, what it is, source."""


@click.command()
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.pass_obj
def presets(terminal: Terminal, /, words: tuple[str, ...]) -> None:
    """List the presets, the error catalogue and the faults, each with grade and source.

    With WORDS, only the lines that hold all of them. `fakefal explain NAME` shows one.
    """
    shown = 0
    for title, rows in _tables():
        fitting = [row for row in rows if _fits(row, words)]
        if not fitting:
            continue
        shown += len(fitting)
        terminal.say(click.style(title, bold=True))
        width = max(len(row[0]) for row in fitting)
        for name, grade, told, source in fitting:
            known = click.style(f"{grade:<10}", dim=True)
            cited = click.style(f" ({source})", dim=True) if source else ""
            terminal.say(f"  {name:<{width}}  {known}  {told}{cited}")
    if not shown:
        terminal.say("no line holds all of these words")


def _fits(row: Row, words: Iterable[str]) -> bool:
    text = " ".join(row).lower()
    return all(word.lower() in text for word in words)


def _tables() -> Iterable[tuple[str, list[Row]]]:
    for part, where in (("reply", "in a reply"), ("scenario", "at the top of a scenario")):
        yield (
            f"presets {where} (preset: NAME)",
            [(it.name, it.grade, it.told, it.source) for it in PRESETS.values() if it.part == part],
        )
    for kind in ("model", "request", "account", "routing", "app", "ingress"):
        yield (
            f"{kind} errors (fail: NAME)",
            [
                (it.name.replace("_", "-"), it.grade, f"{it.status} {it.message}", it.source)
                for it in CATALOGUE.values()
                if it.kind == kind
            ],
        )
    yield (
        "faults (faults: {operation: [WORD]})",
        [(word, "", told, "") for word, told in WORDS.items()],
    )
