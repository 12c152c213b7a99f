"""``fakefal presets``: lists presets, errors and faults."""

from __future__ import annotations

from collections.abc import Iterable

import click

from fakefal.cli.terminal import Terminal
from fakefal.protocol.errors.catalog import CATALOG
from fakefal.scenario.model.faults import FAULT_DESCRIPTIONS
from fakefal.scenario.presets.registry import PRESETS

Row = tuple[str, str, str, str]
"""Name, grade, description, source."""


@click.command()
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.pass_obj
def presets(terminal: Terminal, /, words: tuple[str, ...]) -> None:
    """List the presets, errors and faults with their grades and sources.

    With WORDS, only the lines that contain all of them. `fakefal explain NAME` shows one.
    """
    shown = 0
    for title, rows in _tables():
        matching_rows = [row for row in rows if _matches(row, words)]
        if not matching_rows:
            continue
        shown += len(matching_rows)
        terminal.write_line(click.style(title, bold=True))
        width = max(len(row[0]) for row in matching_rows)
        for name, grade, description, source in matching_rows:
            grade_text = click.style(f"{grade:<10}", dim=True)
            source_text = click.style(f" ({source})", dim=True) if source else ""
            terminal.write_line(f"  {name:<{width}}  {grade_text}  {description}{source_text}")
    if not shown:
        terminal.write_line("no line contains all of these words")


def _matches(row: Row, words: Iterable[str]) -> bool:
    text = " ".join(row).lower()
    return all(word.lower() in text for word in words)


def _tables() -> Iterable[tuple[str, list[Row]]]:
    for part, location in (("reply", "in a reply"), ("scenario", "at the top of a scenario")):
        yield (
            f"presets {location} (preset: NAME)",
            [
                (preset.name, preset.grade, preset.description, preset.source)
                for preset in PRESETS.values()
                if preset.part == part
            ],
        )
    for kind in ("model", "request", "account", "routing", "app", "ingress"):
        yield (
            f"{kind} errors (fail: NAME)",
            [
                (
                    spec.name.replace("_", "-"),
                    spec.grade,
                    f"{spec.status} {spec.message}",
                    spec.source,
                )
                for spec in CATALOG.values()
                if spec.kind == kind
            ],
        )
    yield (
        "faults (faults: {operation: [WORD]})",
        [(word, "", description, "") for word, description in FAULT_DESCRIPTIONS.items()],
    )
