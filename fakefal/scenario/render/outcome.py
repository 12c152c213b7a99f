"""How a call ends under a plan: the answer's body, and the events of its stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any

from fakefal.protocol.core.call import Call, Json, Outcome
from fakefal.protocol.core.compat_flags import Switches
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.llm.anyllm import OutputShape, output_shape, partials
from fakefal.protocol.llm.endpoints import variant_of
from fakefal.scenario.compiled.reply import Ending, Pacing, Plan
from fakefal.scenario.compiled.workflows import workflow_events
from fakefal.scenario.values.seeded import generated_reasoning, generated_text

_WORD = re.compile(r"\s*\S+(?:\s+$)?|\s+$")
_LINE = re.compile(r"[^\n]*\n|[^\n]+$")


def variables_of(call: Call, request_id: str, count: int, seed: int) -> dict[str, Any]:
    """What templates may use, for one call."""
    return {
        "input": call.asked,
        "request_id": request_id,
        "endpoint": call.endpoint.text,
        "app": call.endpoint.app,
        "via": call.via,
        "headers": call.headers,
        "count": count,
        "seed": seed,
    }


def ending_of(
    plan: Plan, call: Call, request_id: str, count: int, seed: int, switches: Switches
) -> Ending:
    """The end that a plan gives a call; raises TemplateError.

    ``count`` is how many calls the exchange has answered, this one included.
    """
    shape = output_shape(variant_of(call.endpoint), call.input, switches.period)
    if (known := plan.known.get(shape.code)) is not None:
        return known
    variables = variables_of(call, request_id, count, seed)
    if plan.fail is not None:
        ending = Ending(plan.fail(call.endpoint, variables), shape)
    elif plan.output is not None:
        ending = _succeed(plan.output.render(variables), shape)
    else:
        ending = _worded(plan, call, seed, shape, variables)
    ending = dressed(ending, plan, variables)
    if _is_static(plan, shape):
        plan.known[shape.code] = ending
    return ending


def dressed(ending: Ending, plan: Plan, variables: dict[str, Any]) -> Ending:
    """An end with what its plan says about any: fields left out, and headers."""
    if plan.omitted:
        ending = _without(ending, plan.omitted)
    if plan.headers is not None:
        ending = _with_headers(ending, plan.headers.render(variables))
    return ending


def _is_static(plan: Plan, shape: OutputShape) -> bool:
    values = (plan.text, plan.reasoning, plan.error, plan.output, plan.headers)
    if plan.fail is not None or (plan.text is None and plan.output is None):
        return False
    if plan.text is not None and plan.reasoning is None and shape.shows_reasoning:
        return False
    return all(value is None or value.is_static for value in values)


def _worded(
    plan: Plan, call: Call, seed: int, shape: OutputShape, variables: dict[str, Any]
) -> Ending:
    text = generated_text(call, seed) if plan.text is None else as_text(plan.text.render(variables))
    reasoning = None
    if shape.shows_reasoning:
        reasoning = (
            generated_reasoning(call, seed)
            if plan.reasoning is None
            else as_text(plan.reasoning.render(variables))
        )
    error = None if plan.error is None else as_text(plan.error.render(variables))
    body = shape.output(text, reasoning, error=error)
    if shape.bare and error is not None:
        body["error"] = error
    return replace(_succeed(body, shape), text=text, reasoning=reasoning, error=error)


def as_text(value: Json) -> str:
    """A template's value as text."""
    return value if isinstance(value, str) else str(value)


def _succeed(body: Json, shape: OutputShape) -> Ending:
    return Ending(Outcome(200, body, encode(body)), shape)


def _without(ending: Ending, fields: tuple[str, ...]) -> Ending:
    """The same end, its output without some fields."""
    outcome = ending.outcome
    if not isinstance(outcome.body, dict) or not outcome.is_success:
        return ending
    body = without(outcome.body, fields)
    return replace(ending, outcome=replace(outcome, body=body, payload=encode(body)))


def without(body: dict[str, Json], fields: tuple[str, ...]) -> dict[str, Json]:
    """An object without some of its fields."""
    return {name: value for name, value in body.items() if name not in fields}


def _with_headers(ending: Ending, headers: dict[str, Any]) -> Ending:
    pairs = tuple((name, as_text(value)) for name, value in headers.items())
    outcome = ending.outcome
    return replace(ending, outcome=replace(outcome, headers=(*outcome.headers, *pairs)))


def pieces_of(text: str, pacing: Pacing) -> list[str]:
    """A text cut into what each event adds; joined they are the text, and there is at least one."""
    if pacing.chunks is not None:
        return list(pacing.chunks) or [text]
    if pacing.count is not None:
        size, extra = divmod(len(text), pacing.count)
        ends = [index * size + min(index, extra) for index in range(pacing.count + 1)]
        return [text[start:end] for start, end in pairwise(ends)]
    if pacing.by == "char":
        return list(text) or [""]
    found = (_LINE if pacing.by == "line" else _WORD).findall(text)
    return found or [text]


def stream_events(
    plan: Plan, ending: Ending, variables: dict[str, Any], switches: Switches
) -> Iterator[Json]:
    """The events of a stream that succeeds, as far as its reply lets them come."""
    if ending.spoken is not None:
        from fakefal.scenario.render.llm.stream import (
            speech_events,  # few calls are of its endpoints
        )

        return speech_events(plan, ending.spoken, variables)
    events = _all_events(plan, ending, variables, switches)
    if plan.omitted:
        events = (without(it, plan.omitted) if isinstance(it, dict) else it for it in events)
    pacing = plan.pacing
    if pacing.broken is not None:
        return _broken(events, *pacing.broken)
    return events if pacing.is_finished else _unfinished(events)


def _broken(events: Iterator[Json], after: int, error: str) -> Iterator[Json]:
    """So many events, then one that tells an error (protocol.md section 5)."""
    last: Json = {}
    for event in islice(events, after):
        last = event
        yield event
    told = last if isinstance(last, dict) else {}
    yield {"output": "", **told, "partial": False, "error": error}


def _unfinished(events: Iterator[Json]) -> Iterator[Json]:
    """All events but the last."""
    return (event for event, _ in pairwise(events))


def _all_events(
    plan: Plan, ending: Ending, variables: dict[str, Any], switches: Switches
) -> Iterator[Json]:
    """A language model's events are cumulative: growing and partial, then the whole once more with
    ``partial: false``. Listed events come as they are, then the output if the reply has one.

    Source: protocol.md sections 5 and 16 row 22.
    """
    if plan.workflow is not None and plan.pacing.events is not None:
        events = plan.pacing.events.render(variables)
        request_id = variables["request_id"]
        yield from workflow_events(plan.workflow, events, ending.outcome, request_id)
        return
    if plan.pacing.events is not None:
        yield from plan.pacing.events.render(variables)
        if plan.text is None and plan.output is None:
            return
        yield ending.outcome.body
        return
    if ending.text is not None:
        thoughts = pieces_of(ending.reasoning, plan.pacing) if ending.reasoning else []
        if plan.pacing.chunks is not None and ending.reasoning:
            thoughts = [ending.reasoning]
        pieces = pieces_of(ending.text, plan.pacing)
        if ending.shape.bare:
            yield from _bare_partials(pieces)
        elif ending.error is None or ending.text:
            shown = pieces if switches.repeat_complete else pieces[:-1]
            yield from partials(ending.shape, shown, thoughts)
    yield ending.outcome.body


def _bare_partials(pieces: list[str]) -> Iterator[Json]:
    text = ""
    for piece in pieces[:-1]:
        text += piece
        yield {"output": text}
