"""What is said to a language model, whichever of the endpoints' words it is said in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.endpoints import Variant

_SYSTEM = ("system", "developer")
_TEXT_PARTS = ("text", "input_text", "output_text")
_FILE_PARTS = frozenset(
    ("image_url", "input_image", "file", "input_file", "input_audio", "video_url", "input_video")
)
_FILE_FIELDS = ("image_url", "image_urls", "pdf_urls", "audio_url", "video_url", "video_urls")


class Line(NamedTuple):
    """One message: ``system``, ``user``, ``assistant`` or ``tool``, what it says, and how many
    files are in it."""

    role: str
    text: str
    files: int = 0


def conversation_of(variant: Variant | None, body: Json) -> list[Line]:
    """The messages of an input, the system's first; never raises."""
    if not isinstance(body, dict):
        return []
    if variant == "chat":
        return list(_lines(body.get("messages")))
    if variant == "responses":
        found = [Line("system", text)] if (text := _said(body.get("instructions"))) else []
        given = body.get("input")
        return [*found, *([Line("user", given)] if isinstance(given, str) else _lines(given))]
    if variant == "embeddings":
        return [Line("user", text) for text in texts_to_embed(body.get("input"))]
    found = [Line("system", text)] if (text := _said(body.get("system_prompt"))) else []
    files = sum(_count(body.get(name)) for name in _FILE_FIELDS)
    return [*found, Line("user", _said(body.get("prompt")), files)]


def in_any_llm_words(variant: Variant | None, body: Json) -> Json:
    """An input of an OpenAI-compatible endpoint with ``prompt`` and ``system_prompt`` added.

    ``prompt`` is what the user said last, ``system_prompt`` what the system did; so that one
    matcher or template does for all endpoints. What the input itself has by these names stays.
    """
    if not isinstance(body, dict):
        return body
    lines = conversation_of(variant, body)
    said = [line.text for line in lines if line.role == "user"]
    added: dict[str, Json] = {}
    if variant == "embeddings":
        added["prompt"] = "\n".join(said)
    elif said:
        added["prompt"] = said[-1]
    system = [line.text for line in lines if line.role == "system"]
    if system:
        added["system_prompt"] = "\n".join(system)
    return {**added, **body}


def texts_to_embed(given: Json) -> list[str]:
    """The texts of an embeddings input: one, several, or lists of token numbers as their text."""
    if isinstance(given, str):
        return [given]
    if not isinstance(given, list) or not given:
        return []
    if all(isinstance(item, int) for item in given):
        return [_numbers(given)]
    return [_numbers(item) if isinstance(item, list) else _said(item) for item in given]


def _numbers(tokens: list[Any]) -> str:
    return " ".join(map(str, tokens))


def _lines(messages: Json) -> Iterator[Line]:
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict):
            continue
        role, content = message.get("role"), message.get("content")
        if message.get("type") == "function_call":
            yield Line("assistant", f"{message.get('name', '')} {message.get('arguments', '')}")
        elif message.get("type") == "function_call_output":
            yield Line("tool", _said(message.get("output")))
        elif isinstance(role, str):
            text = _said(content)
            for call in _calls(message.get("tool_calls")):
                text += f" {call.get('name', '')} {call.get('arguments', '')}"
            yield Line("system" if role in _SYSTEM else role, text, _files(content))


def _calls(calls: Json) -> Iterator[Mapping[str, Json]]:
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield function


def _said(content: Json) -> str:
    """The text of a message's content, its parts joined by line breaks."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    return "\n".join(
        part["text"]
        for part in parts
        if isinstance(part, dict)
        and part.get("type") in _TEXT_PARTS
        and isinstance(part.get("text"), str)
    )


def _files(content: Json) -> int:
    return sum(
        isinstance(part, dict) and part.get("type") in _FILE_PARTS
        for part in (content if isinstance(content, list) else ())
    )


def _count(value: Json) -> int:
    return len(value) if isinstance(value, list) else int(bool(value))
