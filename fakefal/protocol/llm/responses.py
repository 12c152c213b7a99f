"""OpenAI's Responses API as its clients read it: whole, and as a sequence of events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.completion import Cuts, Head, Speech, ToolCall

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why an answer ended too early, by the ``finish_reason`` of chat completions."""

_ECHOED: dict[str, Json] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""Fields of an answer that are those of the request, and what they are where it has none."""


@dataclass(frozen=True, slots=True)
class ResponsesForm:
    """The form of one answer; ``asked`` is the request.

    Source: client (openai 3.54.0 types and lib/streaming/responses).
    """

    head: Head
    asked: Mapping[str, Json]

    def whole(self, speech: Speech) -> dict[str, Json]:
        """``{"id":"resp_…","object":"response","status":"completed","output":[…],…}``."""
        reason = _INCOMPLETE.get(speech.finish)
        if speech.error is not None:
            error = {"code": "server_error", "message": speech.error}
            return self._body("failed", self._items(speech), speech, error=error)
        if reason is not None:
            details = {"reason": reason}
            return self._body("incomplete", self._items(speech), speech, incomplete_details=details)
        return self._body("completed", self._items(speech), speech)

    def growing(self, speech: Speech, cuts: Cuts) -> Iterator[Json]:
        """From ``response.created`` to the last ``response.output_item.done``."""
        begun = self._body("in_progress", [], None)
        yield {"type": "response.created", "response": begun}
        yield {"type": "response.in_progress", "response": begun}
        for index, item in enumerate(self._items(speech)):
            if item["type"] == "reasoning":
                yield from _thinking(item, index, cuts)
            elif item["type"] == "message":
                yield from _telling(item, index, cuts)
            else:
                yield from _calling(item, index, cuts)

    def closing(self, speech: Speech) -> Iterator[Json]:
        """``response.completed``, ``response.incomplete`` or ``response.failed``."""
        whole = self.whole(speech)
        yield {"type": f"response.{whole['status']}", "response": whole}

    def broken(self, error: str, before: Json) -> dict[str, Json]:
        """The event ``error``, which ends the stream."""
        return {"type": "error", "code": "server_error", "message": error, "param": None}

    def in_order(self, events: Iterable[Json]) -> Iterator[Json]:
        """The events with their ``sequence_number``."""
        for number, event in enumerate(events):
            is_ours = isinstance(event, dict) and "sequence_number" not in event
            yield {**event, "sequence_number": number} if is_ours else event

    def _items(self, speech: Speech) -> list[dict[str, Json]]:
        mark = self.head.mark
        found: list[dict[str, Json]] = []
        if speech.reasoning is not None:
            part = {"type": "summary_text", "text": speech.reasoning}
            found.append({"id": f"rs_{mark}", "type": "reasoning", "summary": [part]})
        if speech.text or not (speech.tool_calls or speech.error is not None):
            status = "incomplete" if speech.finish in _INCOMPLETE else "completed"
            found.append(
                {
                    "id": f"msg_{mark}",
                    "type": "message",
                    "status": status,
                    "role": "assistant",
                    "content": [_part(speech.text)],
                }
            )
        for number, call in enumerate(speech.tool_calls):
            found.append(
                {
                    "id": f"fc_{mark}{number}",
                    "type": "function_call",
                    "status": "completed",
                    "call_id": call.id,
                    "name": call.name,
                    "arguments": call.arguments,
                }
            )
        return found

    def _body(
        self, status: str, items: list[dict[str, Json]], speech: Speech | None, **more: Json
    ) -> dict[str, Json]:
        asked = self.asked
        echoed = {
            name: asked[name] if asked.get(name) is not None else usual
            for name, usual in _ECHOED.items()
        }
        if isinstance(asked.get("text"), dict):
            echoed["text"] = {**_ECHOED["text"], **asked["text"]}
        return {
            "id": f"resp_{self.head.mark}",
            "object": "response",
            "created_at": self.head.created,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "model": self.head.model,
            "output": items,
            **echoed,
            "usage": None if speech is None else speech.usage.of_responses(),
            **more,
        }


def _part(text: str) -> dict[str, Json]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _added(item: dict[str, Json], index: int, **empty: Json) -> dict[str, Json]:
    begun = {**item, **empty}
    if "status" in item:
        begun["status"] = "in_progress"
    return {"type": "response.output_item.added", "output_index": index, "item": begun}


def _done(item: dict[str, Json], index: int) -> dict[str, Json]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def _thinking(item: dict[str, Json], index: int, cuts: Cuts) -> Iterator[Json]:
    place = {"item_id": item["id"], "output_index": index, "summary_index": 0}
    (part,) = item["summary"]
    kind = "response.reasoning_summary"
    yield _added(item, index, summary=[])
    yield {"type": f"{kind}_part.added", **place, "part": {**part, "text": ""}}
    for piece in cuts.reasoning(part["text"]):
        yield {"type": f"{kind}_text.delta", **place, "delta": piece}
    yield {"type": f"{kind}_text.done", **place, "text": part["text"]}
    yield {"type": f"{kind}_part.done", **place, "part": part}
    yield _done(item, index)


def _telling(item: dict[str, Json], index: int, cuts: Cuts) -> Iterator[Json]:
    place = {"item_id": item["id"], "output_index": index, "content_index": 0}
    (part,) = item["content"]
    yield _added(item, index, content=[])
    yield {"type": "response.content_part.added", **place, "part": _part("")}
    for piece in cuts.text(part["text"]):
        yield {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": part}
    yield _done(item, index)


def _calling(item: dict[str, Json], index: int, cuts: Cuts) -> Iterator[Json]:
    place = {"item_id": item["id"], "output_index": index}
    kind = "response.function_call_arguments"
    yield _added(item, index, arguments="")
    for piece in cuts.arguments(item["arguments"]):
        yield {"type": f"{kind}.delta", **place, "delta": piece}
    yield {"type": f"{kind}.done", **place, "name": item["name"], "arguments": item["arguments"]}
    yield _done(item, index)


def is_response(body: Json) -> bool:
    """Whether JSON is a response as a whole."""
    return (
        isinstance(body, dict)
        and body.get("object") == "response"
        and isinstance(body.get("output"), list)
    )


def said_in(body: dict[str, Any]) -> dict[str, Any]:
    """What a whole response says: fields of a Speech, usage aside."""
    text, reasoning = "", None
    calls: list[ToolCall] = []
    for item in body["output"]:
        if not isinstance(item, dict):
            continue
        if item.get("type") == "message":
            text += _joined(item.get("content"))
        elif item.get("type") == "reasoning":
            reasoning = (reasoning or "") + _joined(item.get("summary"))
        elif item.get("type") == "function_call":
            id_ = str(item.get("call_id") or f"call_{len(calls)}")
            calls.append(ToolCall(id_, str(item.get("name", "")), str(item.get("arguments", ""))))
    finish = "tool_calls" if calls else "stop"
    return {"texts": (text,), "reasoning": reasoning, "tool_calls": tuple(calls), "finish": finish}


def _joined(parts: Json) -> str:
    return "".join(
        part["text"]
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, dict) and isinstance(part.get("text"), str)
    )
