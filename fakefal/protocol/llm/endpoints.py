"""The language-model endpoints of fal: which of them is asked and answers in which words."""

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
"""The endpoints of openrouter/router that are asked in any-llm's words."""

OPENAI_APIS: frozenset[LlmApi | None] = frozenset(("chat", "responses", "embeddings"))
"""Those that are asked in OpenAI's."""

TOKEN_METERED_APIS = ROUTER_APIS | OPENAI_APIS
"""Those that tell how many tokens a call took, and what it cost."""


PROMPT_ENDPOINTS = [name for name, variant in _ENDPOINTS.items() if variant not in OPENAI_APIS]
"""The language models that are asked in fal's own way."""


def llm_api_of(endpoint: EndpointId) -> LlmApi | None:
    """Which language-model schema an endpoint has; None if it is another kind of model.

    Source: documented (protocol.md sections 6.3, 6.4); any-llm's audio and video recorded, weak.
    """
    return _ENDPOINTS.get(endpoint.text)


def is_unknown_path(endpoint: EndpointId) -> bool:
    """Whether an app whose paths are known has none of this name.

    Source: recorded (protocol.md section 6.4).
    """
    return endpoint.app == ROUTER_APP and endpoint.text not in _ENDPOINTS
