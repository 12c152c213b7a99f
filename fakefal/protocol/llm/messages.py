"""Reads the messages of an input, whichever API the endpoint speaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import LlmApi

_SYSTEM_ROLES = ("system", "developer")
_TEXT_PARTS = ("text", "input_text", "output_text")
_FILE_PARTS = frozenset(
    ("image_url", "input_image", "file", "input_file", "input_audio", "video_url", "input_video")
)
_FILE_FIELDS = ("image_url", "image_urls", "pdf_urls", "audio_url", "video_url", "video_urls")


class ChatMessage(NamedTuple):
    """A message: its role (``system``, ``user``, ``assistant``, ``tool``), text and file count."""

    role: str
    text: str
    files: int = 0


def messages_of(llm_api: LlmApi | None, body: Json) -> list[ChatMessage]:
    """The messages of an input; malformed parts are skipped."""
    if not isinstance(body, dict):
        return []
    if llm_api == "chat":
        return list(_chat_messages(body.get("messages")))
    if llm_api == "responses":
        messages = (
            [ChatMessage("system", text)]
            if (text := _content_text(body.get("instructions")))
            else []
        )
        input_ = body.get("input")
        return [
            *messages,
            *([ChatMessage("user", input_)] if isinstance(input_, str) else _chat_messages(input_)),
        ]
    if llm_api == "embeddings":
        return [ChatMessage("user", text) for text in texts_to_embed(body.get("input"))]
    messages = (
        [ChatMessage("system", text)] if (text := _content_text(body.get("system_prompt"))) else []
    )
    files = sum(_count_urls(body.get(name)) for name in _FILE_FIELDS)
    return [*messages, ChatMessage("user", _content_text(body.get("prompt")), files)]


def add_prompt_fields(llm_api: LlmApi | None, body: Json) -> Json:
    """Add ``prompt`` and ``system_prompt`` to the input of an OpenAI-compatible endpoint.

    One matcher or template then works for all endpoints. ``prompt`` is the last message of the
    user. Fields of the input override the added ones.
    """
    if not isinstance(body, dict):
        return body
    messages = messages_of(llm_api, body)
    user_texts = [message.text for message in messages if message.role == "user"]
    prompt_fields: dict[str, Json] = {}
    if llm_api == "embeddings":
        prompt_fields["prompt"] = "\n".join(user_texts)
    elif user_texts:
        prompt_fields["prompt"] = user_texts[-1]
    system_texts = [line.text for line in messages if line.role == "system"]
    if system_texts:
        prompt_fields["system_prompt"] = "\n".join(system_texts)
    return {**prompt_fields, **body}


def texts_to_embed(input_: Json) -> list[str]:
    """The texts of an embeddings input; a list of tokens becomes a text of their numbers."""
    if isinstance(input_, str):
        return [input_]
    if not isinstance(input_, list) or not input_:
        return []
    if all(isinstance(item, int) for item in input_):
        return [_numbers(input_)]
    return [_numbers(item) if isinstance(item, list) else _content_text(item) for item in input_]


def _numbers(tokens: list[Any]) -> str:
    return " ".join(map(str, tokens))


def _chat_messages(messages: Json) -> Iterator[ChatMessage]:
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict):
            continue
        role, content = message.get("role"), message.get("content")
        if message.get("type") == "function_call":
            yield ChatMessage(
                "assistant", f"{message.get('name', '')} {message.get('arguments', '')}"
            )
        elif message.get("type") == "function_call_output":
            yield ChatMessage("tool", _content_text(message.get("output")))
        elif isinstance(role, str):
            text = _content_text(content)
            for call in _calls(message.get("tool_calls")):
                text += f" {call.get('name', '')} {call.get('arguments', '')}"
            yield ChatMessage(
                "system" if role in _SYSTEM_ROLES else role, text, _count_file_parts(content)
            )


def _calls(calls: Json) -> Iterator[Mapping[str, Json]]:
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield function


def _content_text(content: Json) -> str:
    """The text parts of a message's content, joined by line breaks."""
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


def _count_file_parts(content: Json) -> int:
    return sum(
        isinstance(part, dict) and part.get("type") in _FILE_PARTS
        for part in (content if isinstance(content, list) else ())
    )


def _count_urls(value: Json) -> int:
    return len(value) if isinstance(value, list) else int(bool(value))
