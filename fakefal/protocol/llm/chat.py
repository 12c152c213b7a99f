"""Chat completions of the OpenAI-compatible endpoint: bodies and chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.completion import Chunkers, Completion, ResponseHead, ToolCall
from fakefal.protocol.llm.openai import UPSTREAM_ERROR_CODE


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """The format of one response.

    With ``includes_usage`` (``stream_options.include_usage``) a stream ends with a chunk for the
    usage, else its last chunk contains it. Source: client
    (docs/reference/llm.md#openai-compatible-endpoints; openai 3.54.0 types).
    """

    head: ResponseHead
    includes_usage: bool = False

    def body(self, completion: Completion) -> dict[str, Json]:
        """``{"id":"gen-…","object":"chat.completion",…,"choices":[…],"usage":{…}}``."""
        body = {
            **self._head("chat.completion"),
            "choices": [
                self._choice(completion, index, text) for index, text in enumerate(completion.texts)
            ],
            "usage": completion.usage.to_chat(),
        }
        if completion.error is not None:
            body["error"] = _upstream(completion.error)
        return body

    def _choice(self, completion: Completion, index: int, text: str) -> dict[str, Json]:
        message: dict[str, Json] = {
            "role": "assistant",
            "content": None if completion.tool_calls and not text else text,
            "refusal": None,
        }
        if completion.reasoning is not None:
            message["reasoning"] = completion.reasoning
        if completion.tool_calls:
            message["tool_calls"] = [_function(call) for call in completion.tool_calls]
        choice: dict[str, Json] = {
            "index": index,
            "message": message,
            "logprobs": None,
            "finish_reason": completion.finish_reason,
        }
        if completion.error is not None:
            choice["error"] = _upstream(completion.error)
        return choice

    def content_events(self, completion: Completion, chunkers: Chunkers) -> Iterator[Json]:
        """A chunk for each piece of text; the first one of a choice has the role."""
        for index, text in enumerate(completion.texts):
            role: dict[str, Json] = {"role": "assistant"}
            for piece in chunkers.reasoning(completion.reasoning) if completion.reasoning else ():
                yield self._chunk(index, {**role, "content": "", "reasoning": piece})
                role = {}
            if text or not (completion.tool_calls or completion.error is not None):
                for piece in chunkers.text(text):
                    yield self._chunk(index, {**role, "content": piece})
                    role = {}
            for number, call in enumerate(completion.tool_calls):
                tool_call = {"index": number, **_function(call._replace(arguments=""))}
                yield self._chunk(index, {**role, "tool_calls": [tool_call]})
                role = {}
                for piece in chunkers.arguments(call.arguments):
                    tool_call_delta = {"index": number, "function": {"arguments": piece}}
                    yield self._chunk(index, {"tool_calls": [tool_call_delta]})

    def final_events(self, completion: Completion) -> Iterator[Json]:
        """The chunks with the ``finish_reason`` of each choice, and the usage."""
        usage = completion.usage.to_chat()
        if completion.error is not None:
            yield {**self.error_event(completion.error, None), "usage": usage}
            return
        last_index = len(completion.texts) - 1
        for index in range(len(completion.texts)):
            chunk = self._chunk(index, {}, completion.finish_reason)
            if index == last_index and not self.includes_usage:
                chunk["usage"] = usage
            yield chunk
        if self.includes_usage:
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": usage}

    def error_event(self, error: str, last_event: Json) -> dict[str, Json]:
        """A chunk with an error, as OpenRouter sends it. Source: inferred."""
        return {**self._chunk(0, {"content": ""}, "error"), "error": _upstream(error)}

    def number_events(self, events: Iterable[Json]) -> Iterator[Json]:
        """Chunks are not numbered; with ``includes_usage`` all but the last have a null usage."""
        if not self.includes_usage:
            yield from events
            return
        for event in events:
            yield {**event, "usage": event.get("usage")} if isinstance(event, dict) else event

    def _chunk(
        self, index: int, delta: dict[str, Json], finish: str | None = None
    ) -> dict[str, Json]:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _head(self, object_: str) -> dict[str, Json]:
        return {
            "id": f"gen-{self.head.id_stem}",
            "object": object_,
            "created": self.head.created,
            "model": self.head.model,
            "system_fingerprint": None,
        }


def _function(call: ToolCall) -> dict[str, Json]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _upstream(message: str) -> dict[str, Json]:
    return {"code": UPSTREAM_ERROR_CODE, "message": message}


def is_completion(body: Json) -> bool:
    """Whether a body is a full chat completion."""
    return isinstance(body, dict) and isinstance(body.get("choices"), list)


def completion_fields(body: dict[str, Any]) -> dict[str, Any]:
    """Parse a full chat completion into the fields of a Completion, without the usage."""
    texts, reasoning, finish = [], None, "stop"
    calls: tuple[ToolCall, ...] = ()
    for choice in body["choices"]:
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(message, dict):
            continue
        content = message.get("content")
        texts.append(content if isinstance(content, str) else "")
        choice_reasoning = message.get("reasoning")
        reasoning = (
            choice_reasoning
            if isinstance(choice_reasoning, str) and reasoning is None
            else reasoning
        )
        calls = calls or tuple(_read_calls(message.get("tool_calls")))
        finish = str(choice.get("finish_reason") or finish)
    return {
        "texts": tuple(texts) or ("",),
        "reasoning": reasoning,
        "tool_calls": calls,
        "finish_reason": finish,
    }


def _read_calls(calls: Json) -> Iterator[ToolCall]:
    for number, call in enumerate(calls if isinstance(calls, list) else ()):
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield ToolCall(
                str(call.get("id") or f"call_{number}"),
                str(function.get("name", "")),
                str(function.get("arguments", "")),
            )
