"""The Responses API of the OpenAI-compatible endpoint: bodies and events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.completion import Chunkers, Completion, ResponseHead, ToolCall

_INCOMPLETE_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""``incomplete_details.reason`` by ``finish_reason``."""

_ECHOED_FIELDS: dict[str, Json] = {
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
"""Fields that a response copies from the request, and their defaults."""


@dataclass(frozen=True, slots=True)
class ResponsesFormat:
    """The format of one response to ``request``.

    Source: client (openai 3.54.0 types and lib/streaming/responses).
    """

    head: ResponseHead
    request: Mapping[str, Json]

    def body(self, completion: Completion) -> dict[str, Json]:
        """``{"id":"resp_…","object":"response","status":"completed","output":[…],…}``."""
        reason = _INCOMPLETE_REASONS.get(completion.finish_reason)
        if completion.error is not None:
            error = {"code": "server_error", "message": completion.error}
            return self._response_body("failed", self._items(completion), completion, error=error)
        if reason is not None:
            details = {"reason": reason}
            return self._response_body(
                "incomplete", self._items(completion), completion, incomplete_details=details
            )
        return self._response_body("completed", self._items(completion), completion)

    def content_events(self, completion: Completion, chunkers: Chunkers) -> Iterator[Json]:
        """From ``response.created`` to the last ``response.output_item.done``."""
        empty_body = self._response_body("in_progress", [], None)
        yield {"type": "response.created", "response": empty_body}
        yield {"type": "response.in_progress", "response": empty_body}
        for index, item in enumerate(self._items(completion)):
            if item["type"] == "reasoning":
                yield from _reasoning_events(item, index, chunkers)
            elif item["type"] == "message":
                yield from _message_events(item, index, chunkers)
            else:
                yield from _function_call_events(item, index, chunkers)

    def final_events(self, completion: Completion) -> Iterator[Json]:
        """``response.completed``, ``response.incomplete`` or ``response.failed``."""
        body = self.body(completion)
        yield {"type": f"response.{body['status']}", "response": body}

    def error_event(self, error: str, last_event: Json) -> dict[str, Json]:
        """The ``error`` event, after which the stream ends."""
        return {"type": "error", "code": "server_error", "message": error, "param": None}

    def number_events(self, events: Iterable[Json]) -> Iterator[Json]:
        """Add a ``sequence_number`` to each event that has none."""
        for number, event in enumerate(events):
            needs_number = isinstance(event, dict) and "sequence_number" not in event
            yield {**event, "sequence_number": number} if needs_number else event

    def _items(self, completion: Completion) -> list[dict[str, Json]]:
        id_stem = self.head.id_stem
        items: list[dict[str, Json]] = []
        if completion.reasoning is not None:
            part = {"type": "summary_text", "text": completion.reasoning}
            items.append({"id": f"rs_{id_stem}", "type": "reasoning", "summary": [part]})
        if completion.text or not (completion.tool_calls or completion.error is not None):
            status = (
                "incomplete" if completion.finish_reason in _INCOMPLETE_REASONS else "completed"
            )
            items.append(
                {
                    "id": f"msg_{id_stem}",
                    "type": "message",
                    "status": status,
                    "role": "assistant",
                    "content": [_part(completion.text)],
                }
            )
        for number, call in enumerate(completion.tool_calls):
            items.append(
                {
                    "id": f"fc_{id_stem}{number}",
                    "type": "function_call",
                    "status": "completed",
                    "call_id": call.id,
                    "name": call.name,
                    "arguments": call.arguments,
                }
            )
        return items

    def _response_body(
        self,
        status: str,
        items: list[dict[str, Json]],
        completion: Completion | None,
        **overrides: Json,
    ) -> dict[str, Json]:
        request = self.request
        echoed = {
            name: request[name] if request.get(name) is not None else default
            for name, default in _ECHOED_FIELDS.items()
        }
        if isinstance(request.get("text"), dict):
            echoed["text"] = {**_ECHOED_FIELDS["text"], **request["text"]}
        return {
            "id": f"resp_{self.head.id_stem}",
            "object": "response",
            "created_at": self.head.created,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "model": self.head.model,
            "output": items,
            **echoed,
            "usage": None if completion is None else completion.usage.to_responses(),
            **overrides,
        }


def _part(text: str) -> dict[str, Json]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _added(item: dict[str, Json], index: int, **empty: Json) -> dict[str, Json]:
    added_item = {**item, **empty}
    if "status" in item:
        added_item["status"] = "in_progress"
    return {"type": "response.output_item.added", "output_index": index, "item": added_item}


def _done(item: dict[str, Json], index: int) -> dict[str, Json]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def _reasoning_events(item: dict[str, Json], index: int, chunkers: Chunkers) -> Iterator[Json]:
    ids = {"item_id": item["id"], "output_index": index, "summary_index": 0}
    (part,) = item["summary"]
    kind = "response.reasoning_summary"
    yield _added(item, index, summary=[])
    yield {"type": f"{kind}_part.added", **ids, "part": {**part, "text": ""}}
    for piece in chunkers.reasoning(part["text"]):
        yield {"type": f"{kind}_text.delta", **ids, "delta": piece}
    yield {"type": f"{kind}_text.done", **ids, "text": part["text"]}
    yield {"type": f"{kind}_part.done", **ids, "part": part}
    yield _done(item, index)


def _message_events(item: dict[str, Json], index: int, chunkers: Chunkers) -> Iterator[Json]:
    ids = {"item_id": item["id"], "output_index": index, "content_index": 0}
    (part,) = item["content"]
    yield _added(item, index, content=[])
    yield {"type": "response.content_part.added", **ids, "part": _part("")}
    for piece in chunkers.text(part["text"]):
        yield {"type": "response.output_text.delta", **ids, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **ids, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **ids, "part": part}
    yield _done(item, index)


def _function_call_events(item: dict[str, Json], index: int, chunkers: Chunkers) -> Iterator[Json]:
    ids = {"item_id": item["id"], "output_index": index}
    kind = "response.function_call_arguments"
    yield _added(item, index, arguments="")
    for piece in chunkers.arguments(item["arguments"]):
        yield {"type": f"{kind}.delta", **ids, "delta": piece}
    yield {"type": f"{kind}.done", **ids, "name": item["name"], "arguments": item["arguments"]}
    yield _done(item, index)


def is_response(body: Json) -> bool:
    """Whether a body is a full response."""
    return (
        isinstance(body, dict)
        and body.get("object") == "response"
        and isinstance(body.get("output"), list)
    )


def completion_fields(body: dict[str, Any]) -> dict[str, Any]:
    """Parse a full response into the fields of a Completion, without the usage."""
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
    return {
        "texts": (text,),
        "reasoning": reasoning,
        "tool_calls": tuple(calls),
        "finish_reason": finish,
    }


def _joined(parts: Json) -> str:
    return "".join(
        part["text"]
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, dict) and isinstance(part.get("text"), str)
    )
