"""Builds the reply of a recorded stream: its events, their pace, and where it broke off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fakefal.protocol import sse
from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.json_codec import decode, encode
from fakefal.recorder.capture.captures import RecordedResponse
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.literals import literal
from fakefal.recorder.distil.outcomes import Fields, NotRecordable, completion_fields, header_fields
from fakefal.recorder.distil.timing import pacing_of
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.render.outcome import render_outcome, stream_events, template_variables


def stream_reply(
    response: RecordedResponse,
    endpoint: EndpointId,
    input_: Json,
    files: Mapping[str, str],
    redactor: Redactor,
) -> Fields:
    """The reply of a stream; raises NotRecordable if it is not a stream of JSON events."""
    times, events = _events(response)
    events = redactor.redact_growing(events)
    pacing = pacing_of(times)
    if response.cut:
        after = len(events)
        pacing["cut"] = {"after": after, "how": response.cut}
    fields = None if response.cut else _completion_stream(events, endpoint, input_)
    if fields is None:
        fields = _event_list(events, files, is_cut=bool(response.cut))
    stream = {**fields.pop("stream", {}), **pacing}
    return {**fields, "stream": stream, **header_fields(response)}


_EVENT_NAME = re.compile(rb"(?m)^event: ?([^\r\n]*)\r?$")


def framing_of(response: RecordedResponse) -> str | None:
    """The stream's SSE framing as a value of ``options.stream_sse``; None if it is another one."""
    body = response.body
    newline = "\r\n" if b"\r\n" in body else "\n"
    names = {name.decode("utf-8", "replace") for name in _EVENT_NAME.findall(body)}
    if len(names) > 1:
        return None
    name = names.pop() if names else ""
    for framing_name, framing in sse.FRAMINGS.items():
        if (framing.newline, framing.name) == (newline, name):
            return framing_name if b"data:" in body else None
    return None


def default_framing(endpoint: EndpointId) -> str:
    """The framing that fakefal uses for an endpoint without ``options.stream_sse``."""
    return "plain" if endpoint.llm_api is None else "named-crlf"


def _events(response: RecordedResponse) -> tuple[list[float], list[Json]]:
    if response.content_type != "text/event-stream":
        raise NotRecordable(
            f"a stream of {response.content_type or 'no content type'} cannot be replayed"
        )
    decoder = sse.Decoder()
    times: list[float] = []
    events: list[Json] = []
    for at, data in response.pieces:
        for event in decoder.feed(data):
            try:
                events.append(decode(event.data.encode()))
            except ValueError:
                excerpt = event.data[:40]
                raise NotRecordable(
                    f'the event "{excerpt}" is not JSON, as events of fal are'
                ) from None
            times.append(at)
    return times, events


def _completion_stream(events: list[Json], endpoint: EndpointId, input_: Json) -> Fields | None:
    """A language model's stream as text and chunks, if these render the same events."""
    last = events[-1] if events else None
    if endpoint.llm_api is None or not isinstance(last, dict):
        return None
    fields_of_last = completion_fields(last)
    texts = [event.get("output") for event in events if isinstance(event, dict)]
    if not fields_of_last or len(texts) != len(events) or fields_of_last["text"] != last["output"]:
        return None
    chunks: list[str] = []
    shown = ""
    for text in texts:
        if not isinstance(text, str) or not text.startswith(shown):
            return None
        if text != shown:
            chunks.append(text[len(shown) :])
        shown = text
    fields: Fields = {**fields_of_last, "stream": {"chunks": chunks}}
    return fields if _renders_events(fields, events, endpoint, input_) else None


def _renders_events(fields: Fields, events: list[Json], endpoint: EndpointId, input_: Json) -> bool:
    reply = compile_reply(Reply.model_validate(fields))
    call = Call(endpoint, "stream", input_)
    flags = CompatFlags()
    rendered = render_outcome(reply, call, "recorded", 1, 0, flags)
    variables = template_variables(call, "recorded", 1, 0)
    return encode([*stream_events(reply, rendered, variables, flags)]) == encode(events)


def _event_list(events: list[Json], files: Mapping[str, str], *, is_cut: bool) -> dict[str, Any]:
    literals = [literal(event, files) for event in events]
    if is_cut or not literals:
        return {"stream": {"events": literals}}
    return {"output": literals[-1], "stream": {"events": literals[:-1]}}
