"""``fakefal explain``: from a name, a status, a message or a body to a scenario that has it."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import click

from fakefal.cli.output.scenario_append import append_exchange
from fakefal.cli.terminal import Terminal
from fakefal.errors import FakefalError
from fakefal.protocol.errors.catalog import find_error, outcome_of
from fakefal.protocol.errors.errors import ErrorSpec
from fakefal.scenario.explain import Explanation, explainable_names
from fakefal.scenario.explain import explain as explanation_of
from fakefal.scenario.files.messages import nearest
from fakefal.scenario.files.yaml_text import write_yaml
from fakefal.scenario.incidents import (
    client_messages,
    errors_with_status,
    errors_with_words,
    status_in,
)

_APP = "fal-ai/any-llm"
_MAX_BYTES = 10_000_000


@click.command()
@click.argument("what", metavar="WHAT")
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also append the exchange that reproduces it to this scenario, or create it.",
)
@click.pass_obj
def explain(terminal: Terminal, /, what: str, save: Path | None) -> None:
    """Show WHAT: its response, source, grade, what clients make of it, and how to have it.

    WHAT is a preset, an error or a fault, as listed by `fakefal presets`; or a status (429); or
    words of an error message ("Runner disconnected"); or the body of a status, a result or a
    webhook (- reads one from standard input).
    """
    if what == "-":
        data = sys.stdin.buffer.read(_MAX_BYTES)
        what = data.decode("utf-8", "replace").strip()
        if not what:
            raise FakefalError("standard input is empty — pipe a message or a body into it")
    exchange = _explain_body(terminal, what) if what[:1] in "{[" else _explain_text(terminal, what)
    if save is not None:
        if exchange is None:
            raise FakefalError(f'"{what}" is for a whole scenario: copy the lines above to {save}')
        append_exchange(save, exchange, f"fakefal explain: {' '.join(what.split())[:80]}")
        terminal.write_line(f"\nappended to {save}")


def _explain_text(terminal: Terminal, text: str) -> dict[str, Any] | None:
    """Print the explanation of a name, a status or a message; returns its exchange."""
    explanation = explanation_of(text)
    specs: list[ErrorSpec] = []
    if explanation is None:
        status = status_in(text)
        specs = errors_with_words(text) or ([] if status is None else errors_with_status(status))
        if specs:
            explanation = explanation_of(specs[0].name)
    if explanation is None:
        suggestion = nearest(text, explainable_names())
        raise FakefalError(
            f'unknown name "{text}" — {suggestion}; or give a status (429), words of an error '
            "message, or - for a body on standard input"
        )
    if len(specs) > 1:
        terminal.write_line(f'"{text}" may be one of these; the first is explained below:')
        for spec in specs:
            name = spec.name.replace("_", "-")
            terminal.write_line(f"  {name:<28} {spec.status}  {spec.message}")
        terminal.write_line()
    terminal.write_line(_format_explanation(explanation))
    return explanation.exchange


def _explain_body(terminal: Terminal, text: str) -> dict[str, Any]:
    """Print what a pasted body is, and the scenario that reproduces it; returns the exchange."""
    from fakefal.recorder.importers.bodies import read_body
    from fakefal.recorder.importers.foreign import NotThisFormat
    from fakefal.recorder.importers.pasted import convert_pasted

    try:
        imported = read_body(text, "standard input")
        convert_pasted(imported)
    except NotThisFormat as error:
        raise FakefalError(f"the body is {error} — paste the whole body") from None
    if not imported.exchanges:
        raise FakefalError("\n".join(imported.unused))
    exchange: dict[str, Any] = imported.exchanges[0]
    name = _name_of(exchange["reply"].get("fail"))
    explanation = explanation_of(name) if name else None
    if explanation is not None:
        terminal.write_line(_format_explanation(explanation))
        terminal.write_line("\nas in this body:")
    else:
        terminal.write_line(f"a body of {_kind_of(exchange['reply'])}; a scenario that has it:")
    terminal.write_line(_indented(write_yaml({"fakefal": 1, "exchanges": [exchange]})))
    return exchange


def _name_of(fail: Any) -> str:
    """The name in the catalogue of a failure as a recording writes it; empty if it has none."""
    if not isinstance(fail, dict):
        return fail if isinstance(fail, str) else ""
    body = fail.get("body")
    detail = body.get("detail") if isinstance(body, dict) else fail.get("detail")
    names = [fail.get("type"), fail.get("error_type")]
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        names.append(detail[0].get("type"))
    for name in names:
        if isinstance(name, str) and find_error(name) is not None:
            return name
    specs = errors_with_words(detail) if isinstance(detail, str) else []
    return specs[0].name if specs else ""


def _kind_of(reply: dict[str, Any]) -> str:
    if "fail" in reply:
        return "a failure that is not in the catalogue"
    return "a job that stays in its state" if "timeline" in reply else "a successful call"


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
    spec = find_error(explanation.name)
    if spec is not None and explanation.wire:
        python, js = client_messages(outcome_of(spec, app=_APP, path="/x"))
        parts += ["", "what the clients raise:", f"  Python  {python}", f"  JS      {js}"]
    parts += ["", "in a scenario:", _indented(explanation.yaml), "", "in a test:"]
    return "\n".join([*parts, _indented(explanation.python)])


def _indented(text: str) -> str:
    return textwrap.indent(text.rstrip("\n"), "  ")
