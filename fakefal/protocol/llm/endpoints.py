"""The language-model endpoints of fal: which of them is asked and answers in which words."""

from __future__ import annotations

from typing import Literal

from fakefal.protocol.core.endpoints import EndpointId

Variant = Literal[
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

_ENDPOINTS: dict[str, Variant] = {
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

ROUTER: frozenset[Variant | None] = frozenset(
    ("router", "router-vision", "router-audio", "router-video")
)
"""The endpoints of openrouter/router that are asked in any-llm's words."""

OPENAI: frozenset[Variant | None] = frozenset(("chat", "responses", "embeddings"))
"""Those that are asked in OpenAI's."""

METERED = ROUTER | OPENAI
"""Those that tell how many tokens a call took, and what it cost."""


LANGUAGE_MODELS = [name for name, variant in _ENDPOINTS.items() if variant not in OPENAI]
"""The language models that are asked in fal's own way."""


def variant_of(endpoint: EndpointId) -> Variant | None:
    """Which language-model schema an endpoint has; None if it is another kind of model.

    Source: documented (protocol.md sections 6.3, 6.4); any-llm's audio and video recorded, weak.
    """
    return _ENDPOINTS.get(endpoint.text)


def is_unknown_path(endpoint: EndpointId) -> bool:
    """Whether an app whose paths are known has none of this name.

    Source: recorded (protocol.md section 6.4).
    """
    return endpoint.app == ROUTER_APP and endpoint.text not in _ENDPOINTS
