"""``fakefal explain``: what one name stands for, on the wire and in a scenario."""

from __future__ import annotations

import textwrap

import click

from fakefal.cli.terminal import Terminal
from fakefal.errors import FakefalError
from fakefal.scenario.explain import Explanation, known_to_explain
from fakefal.scenario.explain import explain as explanation_of
from fakefal.scenario.files.messages import nearest


@click.command()
@click.argument("name")
@click.pass_obj
def explain(terminal: Terminal, /, name: str) -> None:
    """Show what NAME stands for: wire form, source, grade, which clients retry, a snippet.

    NAME is a preset, an error of the catalogue, or a fault, as `fakefal presets` lists them.
    """
    found = explanation_of(name)
    if found is None:
        raise FakefalError(f'"{name}" is no name here — {nearest(name, known_to_explain())}')
    terminal.say(_text(found))


def _text(found: Explanation) -> str:
    parts = [
        f"{click.style(found.name, bold=True)}: {found.told}",
        f"{found.kind}; grade: {found.grade}; source: {found.source}",
    ]
    if found.wire:
        parts += ["", "on the wire:", _indented(found.wire)]
    if found.requests:
        parts += ["", "requests made if every answer is this one:"]
        parts.append(f"  {'':<8} fal_client 1.0.3   @fal-ai/client 1.10.1")
        parts += [f"  {name:<8} {python:>10}   {js:>20}" for name, python, js in found.requests]
    parts += ["", "in a scenario:", _indented(found.yaml), "", "in a test:"]
    return "\n".join([*parts, _indented(found.python)])


def _indented(text: str) -> str:
    return textwrap.indent(text.rstrip("\n"), "  ")
