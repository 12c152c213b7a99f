"""The requests that each server gets, and the scenario and the fixtures that answer them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

LIFECYCLES, RUNS, STREAMS, CHATS = "lifecycles", "runs", "streams", "chats"
"""Submit, status and result; a direct run; a stream of any-llm; a stream of a chat completion."""

WORDS = [f"word{number:04d}" for number in range(200)]
TEXT = " ".join(WORDS)
OUTPUT = {"output": "Ship it.", "reasoning": None, "partial": False, "error": None}

CHAT_ENDPOINT = "openrouter/router/openai/v1/chat/completions"
BODIES = {
    LIFECYCLES: {"prompt": "Write a tagline"},
    RUNS: {"prompt": "Write a tagline"},
    STREAMS: {"prompt": "stream"},
    CHATS: {
        "model": "openai/gpt-4o",
        "stream": True,
        "messages": [{"role": "user", "content": "stream"}],
    },
}
EXPECTED = {LIFECYCLES: "Ship it.", RUNS: "Ship it.", STREAMS: WORDS[-1], CHATS: WORDS[-1]}
"""What each answer must contain."""


@dataclass(frozen=True)
class Request:
    """A POST, which for a lifecycle is its submit."""

    path: str
    body: str
    headers: tuple[tuple[str, str], ...]


def requests_of(
    paths: dict[str, str], headers: dict[str, dict[str, str]] | None = None
) -> dict[str, Request]:
    """The requests that a server accepts, by kind."""
    common = {"Authorization": "Key bench:mark", "Content-Type": "application/json"}
    return {
        kind: Request(
            path, json.dumps(BODIES[kind]), (*{**common, **(headers or {}).get(kind, {})}.items(),)
        )
        for kind, path in paths.items()
    }


def scenario(exchanges: int) -> dict[str, Any]:
    """A scenario with this many exchanges, of which the last three answer."""
    others = [
        {
            "when": {"endpoint": "fal-ai/any-llm", "input": {"prompt": f"prompt {number}"}},
            "reply": {"text": f"answer {number}"},
        }
        for number in range(exchanges - 3)
    ]
    tagline = {
        "when": {"endpoint": "fal-ai/any-llm", "input": {"prompt": "Write a tagline"}},
        "reply": {"text": "Ship it.", "timeline": []},
    }
    stream = {
        "when": {"endpoint": "fal-ai/any-llm", "input": {"prompt": "stream"}},
        "reply": {"text": TEXT},
    }
    chat = {"when": {"endpoint": CHAT_ENDPOINT}, "reply": {"text": TEXT}}
    return {"fakefal": 1, "exchanges": [*others, tagline, stream, chat]}


def fixtures(count: int) -> dict[str, Any]:
    """The same for aimock."""
    others = [
        {
            "match": {"userMessage": f"prompt {number}", "endpoint": "fal"},
            "response": {"json": {**OUTPUT, "output": f"answer {number}"}},
        }
        for number in range(count - 2)
    ]
    tagline = {
        "match": {"userMessage": "Write a tagline", "endpoint": "fal"},
        "response": {"json": OUTPUT},
    }
    chat = {"match": {"userMessage": "stream", "endpoint": "chat"}, "response": {"content": TEXT}}
    return {"fixtures": [*others, tagline, chat]}
