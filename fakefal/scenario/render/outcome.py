"""Renders outcomes and stream events of any-llm and of apps; those of other LLMs are in ``llm``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any

from fakefal.protocol.core.call import Call, Json, Outcome
from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.protocol.core.headers import OMITTED
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.llm.anyllm import OutputShape, output_shape, partial_outputs
from fakefal.protocol.llm.tokens import first_tokens
from fakefal.scenario.compiled.reply import CompiledReply, RenderedOutcome
from fakefal.scenario.compiled.workflows import workflow_events
from fakefal.scenario.render.chunking import omit_fields, omit_from_events, split_text
from fakefal.scenario.values.generated_text import reasoning_for_call, text_for_call


def template_variables(call: Call, request_id: str, count: int, seed: int) -> dict[str, Any]:
    """The variables of templates for one call."""
    return {
        "input": call.matcher_input,
        "request_id": request_id,
        "endpoint": call.endpoint.text,
        "app": call.endpoint.app,
        "via": call.via,
        "headers": call.headers,
        "count": count,
        "seed": seed,
    }


def render_outcome(
    reply: CompiledReply, call: Call, request_id: str, count: int, seed: int, flags: CompatFlags
) -> RenderedOutcome:
    """The outcome of a call; raises TemplateError.

    ``count``: how many calls the exchange has answered, including this one. An outcome without
    templates is rendered once for each shape and then cached in the reply.
    """
    shape = output_shape(call.endpoint.llm_api, call.input, flags.schema_version)
    if (cached := reply.outcome_cache.get(shape.code)) is not None:
        return cached
    variables = template_variables(call, request_id, count, seed)
    if reply.fail is not None:
        rendered = RenderedOutcome(reply.fail(call.endpoint, variables), shape)
    elif reply.raw is not None:
        raw = reply.raw
        rendered = RenderedOutcome(
            Outcome(200, None, raw.data, content_type=raw.content_type), shape
        )
    elif reply.output is not None:
        rendered = _succeed(reply.output.render(variables), shape)
    else:
        rendered = _render_text(reply, call, seed, shape, variables)
    rendered = apply_overrides(rendered, reply, variables)
    if _is_static(reply, shape):
        reply.outcome_cache[shape.code] = rendered
    return rendered


def apply_overrides(
    rendered: RenderedOutcome, reply: CompiledReply, variables: dict[str, Any]
) -> RenderedOutcome:
    """The outcome without the reply's ``omit_fields`` and with its headers."""
    if reply.omit_fields:
        rendered = _omit_from_outcome(rendered, reply.omit_fields)
    if reply.headers is not None:
        rendered = _with_headers(rendered, reply.headers.render(variables))
    return rendered


def _is_static(reply: CompiledReply, shape: OutputShape) -> bool:
    values = (reply.text, reply.reasoning, reply.error, reply.output, reply.headers)
    if reply.fail is not None or (reply.text is None and reply.output is None):
        return False
    if reply.text is not None and reply.reasoning is None and shape.shows_reasoning:
        return False
    return all(value is None or value.is_static for value in values)


def _render_text(
    reply: CompiledReply, call: Call, seed: int, shape: OutputShape, variables: dict[str, Any]
) -> RenderedOutcome:
    text = (
        _generated_text(call, seed) if reply.text is None else as_text(reply.text.render(variables))
    )
    reasoning = None
    if shape.shows_reasoning:
        reasoning = (
            reasoning_for_call(call, seed)
            if reply.reasoning is None
            else as_text(reply.reasoning.render(variables))
        )
    error = None if reply.error is None else as_text(reply.error.render(variables))
    body = shape.output(text, reasoning, error=error)
    if shape.is_bare and error is not None:
        body["error"] = error
    return replace(_succeed(body, shape), text=text, reasoning=reasoning, error=error)


def _generated_text(call: Call, seed: int) -> str:
    """The text of a call without a scripted one, of at most ``max_tokens`` tokens."""
    limit = call.input.get("max_tokens") if isinstance(call.input, dict) else None
    text = text_for_call(call, seed)
    if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0:
        return first_tokens(text, limit)
    return text


def as_text(value: Json) -> str:
    """The value of a template as text; a lone expression may have another type."""
    return value if isinstance(value, str) else str(value)


def _succeed(body: Json, shape: OutputShape) -> RenderedOutcome:
    return RenderedOutcome(Outcome(200, body, encode(body)), shape)


def _omit_from_outcome(rendered: RenderedOutcome, fields: tuple[str, ...]) -> RenderedOutcome:
    """The same outcome without some fields of a successful output."""
    outcome = rendered.outcome
    if not isinstance(outcome.body, dict) or not outcome.is_success:
        return rendered
    body = omit_fields(outcome.body, fields)
    return replace(rendered, outcome=replace(outcome, body=body, payload=encode(body)))


def _with_headers(rendered: RenderedOutcome, headers: dict[str, Any]) -> RenderedOutcome:
    pairs = tuple(
        (name, OMITTED if value is None else as_text(value)) for name, value in headers.items()
    )
    outcome = rendered.outcome
    return replace(rendered, outcome=replace(outcome, headers=(*outcome.headers, *pairs)))


def stream_events(
    reply: CompiledReply, rendered: RenderedOutcome, variables: dict[str, Any], flags: CompatFlags
) -> Iterator[Json]:
    """The events of a stream that succeeds, up to where the reply cuts it."""
    if rendered.llm_completion is not None:
        # Imported here: few calls need it.
        from fakefal.scenario.render.llm.stream import llm_stream_events

        return llm_stream_events(reply, rendered.llm_completion, variables)
    events = _all_events(reply, rendered, variables, flags)
    if reply.omit_fields:
        events = omit_from_events(events, reply.omit_fields)
    pacing = reply.pacing
    if pacing.error_after is not None:
        return _cut_with_error(events, *pacing.error_after)
    return events if pacing.has_final_event else _without_last(events)


def _cut_with_error(events: Iterator[Json], after: int, error: str) -> Iterator[Json]:
    """The first events, then one with an error, which repeats the fields of the last event.

    Source: documented (docs/reference/protocol.md#any-llm-streams).
    """
    last: Json = {}
    for event in islice(events, after):
        last = event
        yield event
    fields = last if isinstance(last, dict) else {}
    yield {"output": "", **fields, "partial": False, "error": error}


def _without_last(events: Iterator[Json]) -> Iterator[Json]:
    return (event for event, _ in pairwise(events))


def _all_events(
    reply: CompiledReply, rendered: RenderedOutcome, variables: dict[str, Any], flags: CompatFlags
) -> Iterator[Json]:
    """Events of any-llm are cumulative: the text grows with ``partial: true``, then the complete
    output follows with ``partial: false``. Listed events are sent unchanged, then the output, if
    the reply has one.

    Source: docs/reference/protocol.md#any-llm-streams,
    docs/reference/open-questions.md#repeated-complete-text
    """
    if reply.workflow is not None and reply.pacing.events is not None:
        events = reply.pacing.events.render(variables)
        request_id = variables["request_id"]
        yield from workflow_events(reply.workflow, events, rendered.outcome, request_id)
        return
    if reply.pacing.events is not None:
        yield from reply.pacing.events.render(variables)
        if reply.text is None and reply.output is None:
            return
        yield rendered.outcome.body
        return
    if rendered.text is not None:
        reasoning_pieces = (
            split_text(rendered.reasoning, reply.pacing) if rendered.reasoning else []
        )
        if reply.pacing.chunks is not None and rendered.reasoning:
            reasoning_pieces = [rendered.reasoning]
        pieces = split_text(rendered.text, reply.pacing)
        if rendered.shape.is_bare:
            yield from _bare_partials(pieces)
        elif rendered.error is None or rendered.text:
            shown = pieces if flags.repeat_complete else pieces[:-1]
            yield from partial_outputs(rendered.shape, shown, reasoning_pieces)
    yield rendered.outcome.body


def _bare_partials(pieces: list[str]) -> Iterator[Json]:
    text = ""
    for piece in pieces[:-1]:
        text += piece
        yield {"output": text}
