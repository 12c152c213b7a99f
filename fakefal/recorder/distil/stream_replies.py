"""A recorded stream as a reply: its events, their pace, and where it broke off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakefal.protocol import sse
from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.core.compat_flags import Switches
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.json_codec import decode, encode
from fakefal.protocol.llm.endpoints import variant_of
from fakefal.recorder.capture.captures import Heard
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.literals import literal
from fakefal.recorder.distil.outcomes import Fields, Unusable, told_headers, worded
from fakefal.recorder.distil.timing import pace
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.scenario import Reply
from fakefal.scenario.render.outcome import ending_of, stream_events, variables_of


def stream_reply(
    heard: Heard,
    endpoint: EndpointId,
    given: Json,
    files: Mapping[str, str],
    redactor: Redactor,
) -> Fields:
    """The reply of a stream that began; raises Unusable for what is no stream of JSON events."""
    times, events = _events(heard)
    events = redactor.growing(events)
    pacing = pace(times)
    if heard.cut:
        after = len(events)
        pacing["cut"] = {"after": after, "how": heard.cut}
    fields = None if heard.cut else _worded(events, endpoint, given)
    if fields is None:
        fields = _listed(events, files, is_cut=bool(heard.cut))
    stream = {**fields.pop("stream", {}), **pacing}
    return {**fields, "stream": stream, **told_headers(heard)}


def framing_of(heard: Heard) -> str | None:
    """How a stream spelled its events, by the name that options give it; None if it had none."""
    body = heard.body
    newline = "\r\n" if b"\r\n" in body else "\n"
    name = "event" if b"event: event" in body else ""
    for known, framing in sse.FRAMINGS.items():
        if (framing.newline, framing.name) == (newline, name):
            return known if b"data:" in body else None
    return None


def usual_framing(endpoint: EndpointId) -> str:
    """How fakefal spells the events of an endpoint by itself."""
    return "plain" if variant_of(endpoint) is None else "named-crlf"


def _events(heard: Heard) -> tuple[list[float], list[Json]]:
    if heard.content_type != "text/event-stream":
        raise Unusable(f"a stream of {heard.content_type or 'no content type'} is not replayed")
    decoder = sse.Decoder()
    times: list[float] = []
    events: list[Json] = []
    for at, data in heard.pieces:
        for event in decoder.feed(data):
            try:
                events.append(decode(event.data.encode()))
            except ValueError:
                shown = event.data[:40]
                raise Unusable(
                    f'the event "{shown}" is no JSON, and a stream of fal has none'
                ) from None
            times.append(at)
    return times, events


def _worded(events: list[Json], endpoint: EndpointId, given: Json) -> Fields | None:
    """A language model's stream as text and chunks, if that gives the very same events."""
    last = events[-1] if events else None
    if variant_of(endpoint) is None or not isinstance(last, dict):
        return None
    told = worded(last)
    texts = [event.get("output") for event in events if isinstance(event, dict)]
    if not told or len(texts) != len(events) or told["text"] != last["output"]:
        return None
    chunks: list[str] = []
    shown = ""
    for text in texts:
        if not isinstance(text, str) or not text.startswith(shown):
            return None
        if text != shown:
            chunks.append(text[len(shown) :])
        shown = text
    fields: Fields = {**told, "stream": {"chunks": chunks}}
    return fields if _gives(fields, events, endpoint, given) else None


def _gives(fields: Fields, events: list[Json], endpoint: EndpointId, given: Json) -> bool:
    plan = compile_reply(Reply.model_validate(fields))
    call = Call(endpoint, "stream", given)
    switches = Switches()
    ending = ending_of(plan, call, "recorded", 1, 0, switches)
    made = stream_events(plan, ending, variables_of(call, "recorded", 1, 0), switches)
    return encode([*made]) == encode(events)


def _listed(events: list[Json], files: Mapping[str, str], *, is_cut: bool) -> dict[str, Any]:
    written = [literal(event, files) for event in events]
    if is_cut or not written:
        return {"stream": {"events": written}}
    return {"output": written[-1], "stream": {"events": written[:-1]}}
