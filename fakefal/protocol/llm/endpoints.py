"""The language-model endpoints of fal, and the API that each speaks."""

from __future__ import annotations

from typing import Literal

from fakefal.protocol.core.endpoints import EndpointId

LlmApi = Literal[
    "text",
    "vision",
    "enterprise",
    "audio",
    "video",
    "router",
    "router-vision",
    "router-audio",
    "router-video",
    "chat",
    "responses",
    "embeddings",
]

ROUTER_APP = "openrouter/router"
_V1 = f"{ROUTER_APP}/openai/v1"

_ENDPOINTS: dict[str, LlmApi] = {
    "fal-ai/any-llm": "text",
    "fal-ai/any-llm/vision": "vision",
    "fal-ai/any-llm/enterprise": "enterprise",
    "fal-ai/any-llm/audio": "audio",
    "fal-ai/any-llm/video": "video",
    ROUTER_APP: "router",
    f"{ROUTER_APP}/enterprise": "router",
    f"{ROUTER_APP}/vision": "router-vision",
    f"{ROUTER_APP}/audio": "router-audio",
    f"{ROUTER_APP}/video": "router-video",
    f"{ROUTER_APP}/video/enterprise": "router-video",
    f"{_V1}/chat/completions": "chat",
    f"{_V1}/responses": "responses",
    f"{_V1}/embeddings": "embeddings",
}

ROUTER_APIS: frozenset[LlmApi | None] = frozenset(
    ("router", "router-vision", "router-audio", "router-video")
)
"""The endpoints of openrouter/router with any-llm's input fields."""

OPENAI_APIS: frozenset[LlmApi | None] = frozenset(("chat", "responses", "embeddings"))
"""The OpenAI-compatible endpoints."""

TOKEN_METERED_APIS = ROUTER_APIS | OPENAI_APIS
"""The endpoints whose responses contain a usage."""


PROMPT_ENDPOINTS = [name for name, variant in _ENDPOINTS.items() if variant not in OPENAI_APIS]
"""The endpoints with a ``prompt`` input."""


def llm_api_of(endpoint: EndpointId) -> LlmApi | None:
    """The API of a language-model endpoint; None for other endpoints.

    Source: documented; any-llm's audio and video recorded, weak
    (docs/reference/llm.md#any-llm-variants, docs/reference/llm.md#openrouter-router).
    """
    return _ENDPOINTS.get(endpoint.text)


def is_unknown_path(endpoint: EndpointId) -> bool:
    """Whether openrouter/router has no endpoint of this name.

    Source: recorded (docs/reference/llm.md#openrouter-router).
    """
    return endpoint.app == ROUTER_APP and endpoint.text not in _ENDPOINTS
