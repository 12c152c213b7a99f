"""``fakefal explain``: what one name stands for, on the wire and in a scenario."""

from __future__ import annotations

import textwrap

import click

from fakefal.cli.terminal import Terminal
from fakefal.errors import FakefalError
from fakefal.scenario.explain import Explanation, explainable_names
from fakefal.scenario.explain import explain as explanation_of
from fakefal.scenario.files.messages import nearest


@click.command()
@click.argument("name")
@click.pass_obj
def explain(terminal: Terminal, /, name: str) -> None:
    """Show what NAME stands for: wire form, source, grade, which clients retry, a snippet.

    NAME is a preset, an error of the catalogue, or a fault, as `fakefal presets` lists them.
    """
    explanation = explanation_of(name)
    if explanation is None:
        raise FakefalError(f'"{name}" is no name here — {nearest(name, explainable_names())}')
    terminal.write_line(_format_explanation(explanation))


def _format_explanation(explanation: Explanation) -> str:
    parts = [
        f"{click.style(explanation.name, bold=True)}: {explanation.description}",
        f"{explanation.kind}; grade: {explanation.grade}; source: {explanation.source}",
    ]
    if explanation.wire:
        parts += ["", "on the wire:", _indented(explanation.wire)]
    if explanation.requests:
        parts += ["", "requests made if every answer is this one:"]
        parts.append(f"  {'':<8} fal_client 1.0.3   @fal-ai/client 1.10.1")
        parts += [
            f"  {name:<8} {python:>10}   {js:>20}" for name, python, js in explanation.requests
        ]
    parts += ["", "in a scenario:", _indented(explanation.yaml), "", "in a test:"]
    return "\n".join([*parts, _indented(explanation.python)])


def _indented(text: str) -> str:
    return textwrap.indent(text.rstrip("\n"), "  ")
