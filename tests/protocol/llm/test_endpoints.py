"""The API of each language-model endpoint."""

from __future__ import annotations

from fakefal.protocol.core.endpoints import EndpointId, LlmApi, parse_endpoint
from fakefal.protocol.llm.endpoints import (
    OPENAI_APIS,
    ROUTER_APIS,
    TOKEN_METERED_APIS,
    is_unknown_path,
)

APIS: dict[str, LlmApi | None] = {
    "fal-ai/any-llm": "text",
    "fal-ai/any-llm/vision": "vision",
    "fal-ai/any-llm/enterprise": "enterprise",
    "openrouter/router": "router",
    "openrouter/router/enterprise": "router",
    "openrouter/router/vision": "router-vision",
    "openrouter/router/audio": "router-audio",
    "openrouter/router/video": "router-video",
    "openrouter/router/video/enterprise": "router-video",
    "openrouter/router/openai/v1/chat/completions": "chat",
    "openrouter/router/openai/v1/responses": "responses",
    "openrouter/router/openai/v1/embeddings": "embeddings",
    "openrouter/router/openai/v1/models": None,
    "fal-ai/any-llm/audio": "audio",
    "fal-ai/any-llm/video": "video",
    "fal-ai/any-llm/other": None,
    "fal-ai/flux/dev": None,
    "workflows/fal-ai/any-llm": None,
}


def parsed(text: str) -> EndpointId:
    endpoint = parse_endpoint(text)
    assert endpoint is not None
    return endpoint


def test_an_endpoint_has_an_api_or_none() -> None:
    assert {text: parsed(text).llm_api for text in APIS} == APIS


def test_the_paths_of_the_router_are_known() -> None:
    expected = {
        "openrouter/router": False,
        "openrouter/router/openai/v1/responses": False,
        "openrouter/router/openai/v1/models": True,
        "openrouter/router/chat": True,
        "fal-ai/any-llm/other": False,
        "openrouter/else": False,
    }
    assert {text: is_unknown_path(parsed(text)) for text in expected} == expected


def test_a_metered_endpoint_speaks_one_of_two_apis() -> None:
    assert TOKEN_METERED_APIS == ROUTER_APIS | OPENAI_APIS
    assert not ROUTER_APIS & OPENAI_APIS
