"""Groups of the language-model APIs, and the endpoints that take a prompt."""

from __future__ import annotations

from fakefal.protocol.core.endpoints import LLM_ENDPOINTS, ROUTER_APP, EndpointId, LlmApi

ROUTER_APIS: frozenset[LlmApi | None] = frozenset(
    ("router", "router-vision", "router-audio", "router-video")
)
"""The endpoints of openrouter/router with any-llm's input fields."""

OPENAI_APIS: frozenset[LlmApi | None] = frozenset(("chat", "responses", "embeddings"))
"""The OpenAI-compatible endpoints."""

TOKEN_METERED_APIS = ROUTER_APIS | OPENAI_APIS
"""The endpoints whose responses contain a usage."""


PROMPT_ENDPOINTS = [name for name, variant in LLM_ENDPOINTS.items() if variant not in OPENAI_APIS]
"""The endpoints with a ``prompt`` input."""


def is_unknown_path(endpoint: EndpointId) -> bool:
    """Whether openrouter/router has no endpoint of this name.

    Source: recorded (docs/reference/llm.md#openrouter-router).
    """
    return endpoint.app == ROUTER_APP and endpoint.text not in LLM_ENDPOINTS
