"""``fakefal explain``: shows a preset, error or fault on the wire and in a scenario."""

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
    """Show NAME: its response, source, grade, which clients retry, and how to use it.

    NAME is a preset, an error or a fault, as listed by `fakefal presets`.
    """
    explanation = explanation_of(name)
    if explanation is None:
        raise FakefalError(f'unknown name "{name}" — {nearest(name, explainable_names())}')
    terminal.write_line(_format_explanation(explanation))


def _format_explanation(explanation: Explanation) -> str:
    parts = [
        f"{click.style(explanation.name, bold=True)}: {explanation.description}",
        f"{explanation.kind}; grade: {explanation.grade}",
        f"source: {explanation.source}",
    ]
    if explanation.wire:
        parts += ["", "on the wire:", _indented(explanation.wire)]
    if explanation.requests:
        parts += ["", "requests made if every response is this one:"]
        parts.append(f"  {'':<8} fal_client 1.0.3   @fal-ai/client 1.10.1")
        parts += [
            f"  {name:<8} {python:>10}   {js:>20}" for name, python, js in explanation.requests
        ]
    parts += ["", "in a scenario:", _indented(explanation.yaml), "", "in a test:"]
    return "\n".join([*parts, _indented(explanation.python)])


def _indented(text: str) -> str:
    return textwrap.indent(text.rstrip("\n"), "  ")
