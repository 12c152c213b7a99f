"""Chat completions as OpenAI's clients read them: whole, and in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.completion import Cuts, Head, Speech, ToolCall
from fakefal.protocol.llm.openai import UPSTREAM


@dataclass(frozen=True, slots=True)
class ChatForm:
    """The form of one answer.

    ``asks_usage`` says that the caller wants the usage of a stream in a chunk of its own; else it
    comes with the last one. Source: protocol.md section 6.4; shapes client (openai 3.54.0 types).
    """

    head: Head
    asks_usage: bool = False

    def whole(self, speech: Speech) -> dict[str, Json]:
        """``{"id":"gen-…","object":"chat.completion",…,"choices":[…],"usage":{…}}``."""
        body = {
            **self._head("chat.completion"),
            "choices": [
                self._choice(speech, index, text) for index, text in enumerate(speech.texts)
            ],
            "usage": speech.usage.of_chat(),
        }
        if speech.error is not None:
            body["error"] = _upstream(speech.error)
        return body

    def _choice(self, speech: Speech, index: int, text: str) -> dict[str, Json]:
        message: dict[str, Json] = {
            "role": "assistant",
            "content": None if speech.tool_calls and not text else text,
            "refusal": None,
        }
        if speech.reasoning is not None:
            message["reasoning"] = speech.reasoning
        if speech.tool_calls:
            message["tool_calls"] = [_function(call) for call in speech.tool_calls]
        choice: dict[str, Json] = {
            "index": index,
            "message": message,
            "logprobs": None,
            "finish_reason": speech.finish,
        }
        if speech.error is not None:
            choice["error"] = _upstream(speech.error)
        return choice

    def growing(self, speech: Speech, cuts: Cuts) -> Iterator[Json]:
        """A chunk for each piece; the first of a choice says whose turn it is."""
        for index, text in enumerate(speech.texts):
            role: dict[str, Json] = {"role": "assistant"}
            for piece in cuts.reasoning(speech.reasoning) if speech.reasoning else ():
                yield self._chunk(index, {**role, "content": "", "reasoning": piece})
                role = {}
            if text or not (speech.tool_calls or speech.error is not None):
                for piece in cuts.text(text):
                    yield self._chunk(index, {**role, "content": piece})
                    role = {}
            for number, call in enumerate(speech.tool_calls):
                begun = {"index": number, **_function(call._replace(arguments=""))}
                yield self._chunk(index, {**role, "tool_calls": [begun]})
                role = {}
                for piece in cuts.arguments(call.arguments):
                    more = {"index": number, "function": {"arguments": piece}}
                    yield self._chunk(index, {"tool_calls": [more]})

    def closing(self, speech: Speech) -> Iterator[Json]:
        """The chunks that say why each choice ended; the usage comes last."""
        usage = speech.usage.of_chat()
        if speech.error is not None:
            yield {**self.broken(speech.error, None), "usage": usage}
            return
        last = len(speech.texts) - 1
        for index in range(len(speech.texts)):
            chunk = self._chunk(index, {}, speech.finish)
            if index == last and not self.asks_usage:
                chunk["usage"] = usage
            yield chunk
        if self.asks_usage:
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": usage}

    def broken(self, error: str, before: Json) -> dict[str, Json]:
        """A chunk with an error, which ends the stream. Source: inferred (OpenRouter's shape)."""
        return {**self._chunk(0, {"content": ""}, "error"), "error": _upstream(error)}

    def in_order(self, events: Iterable[Json]) -> Iterator[Json]:
        """Chunks have no numbers; where usage is asked for, those without it say so."""
        if not self.asks_usage:
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
            "id": f"gen-{self.head.mark}",
            "object": object_,
            "created": self.head.created,
            "model": self.head.model,
            "system_fingerprint": None,
        }


def _function(call: ToolCall) -> dict[str, Json]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _upstream(message: str) -> dict[str, Json]:
    return {"code": UPSTREAM, "message": message}


def is_completion(body: Json) -> bool:
    """Whether JSON is a chat completion as a whole."""
    return isinstance(body, dict) and isinstance(body.get("choices"), list)


def said_in(body: dict[str, Any]) -> dict[str, Any]:
    """What a whole chat completion says: fields of a Speech, usage aside."""
    texts, reasoning, finish = [], None, "stop"
    calls: tuple[ToolCall, ...] = ()
    for choice in body["choices"]:
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(message, dict):
            continue
        content = message.get("content")
        texts.append(content if isinstance(content, str) else "")
        thought = message.get("reasoning")
        reasoning = thought if isinstance(thought, str) and reasoning is None else reasoning
        calls = calls or tuple(_read_calls(message.get("tool_calls")))
        finish = str(choice.get("finish_reason") or finish)
    return {
        "texts": tuple(texts) or ("",),
        "reasoning": reasoning,
        "tool_calls": calls,
        "finish": finish,
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
