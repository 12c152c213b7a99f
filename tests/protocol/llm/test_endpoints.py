"""Which endpoint speaks which language model's words."""

from __future__ import annotations

import pytest

from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.llm.endpoints import (
    OPENAI_APIS,
    ROUTER_APIS,
    TOKEN_METERED_APIS,
    LlmApi,
    is_unknown_path,
    llm_api_of,
)


@pytest.mark.parametrize(
    ("endpoint", "variant"),
    [
        ("fal-ai/any-llm", "text"),
        ("fal-ai/any-llm/vision", "vision"),
        ("fal-ai/any-llm/enterprise", "enterprise"),
        ("openrouter/router", "router"),
        ("openrouter/router/enterprise", "router"),
        ("openrouter/router/vision", "router-vision"),
        ("openrouter/router/audio", "router-audio"),
        ("openrouter/router/video", "router-video"),
        ("openrouter/router/video/enterprise", "router-video"),
        ("openrouter/router/openai/v1/chat/completions", "chat"),
        ("openrouter/router/openai/v1/responses", "responses"),
        ("openrouter/router/openai/v1/embeddings", "embeddings"),
        ("openrouter/router/openai/v1/models", None),
        ("fal-ai/any-llm/audio", "audio"),
        ("fal-ai/any-llm/video", "video"),
        ("fal-ai/any-llm/other", None),
        ("fal-ai/flux/dev", None),
        ("workflows/fal-ai/any-llm", None),
    ],
)
def test_an_endpoint_has_a_schema_or_none(endpoint: str, variant: LlmApi | None) -> None:
    parsed = parse_endpoint(endpoint)
    assert parsed is not None
    assert llm_api_of(parsed) == variant


@pytest.mark.parametrize(
    ("endpoint", "is_unknown"),
    [
        ("openrouter/router", False),
        ("openrouter/router/openai/v1/responses", False),
        ("openrouter/router/openai/v1/models", True),
        ("openrouter/router/chat", True),
        ("fal-ai/any-llm/other", False),
        ("openrouter/else", False),
    ],
)
def test_the_routers_paths_are_known(endpoint: str, is_unknown: bool) -> None:
    parsed = parse_endpoint(endpoint)
    assert parsed is not None
    assert is_unknown_path(parsed) is is_unknown


def test_a_metered_endpoint_is_asked_in_one_of_two_ways() -> None:
    assert TOKEN_METERED_APIS == ROUTER_APIS | OPENAI_APIS
    assert not ROUTER_APIS & OPENAI_APIS
