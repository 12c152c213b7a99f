"""Descriptions of endpoints in the platform API (docs/reference/platform-api.md)."""

from __future__ import annotations

import pytest

from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.platform_api.model_metadata import category_of, describe_model, openapi_of


@pytest.mark.parametrize(
    ("endpoint", "category"),
    [
        ("fal-ai/any-llm", "llm"),
        ("workflows/acme/story", "workflow"),
        ("fal-ai/kling-video/image-to-video", "image-to-video"),
        ("fal-ai/flux/dev", "text-to-image"),
    ],
)
def test_the_category_follows_from_the_id(endpoint: str, category: str) -> None:
    parsed = parse_endpoint(endpoint)
    assert parsed is not None
    assert category_of(parsed) == category


def test_a_model_has_what_the_reference_lists() -> None:
    parsed = parse_endpoint("fal-ai/flux/dev")
    assert parsed is not None
    model = describe_model(parsed)
    assert model["endpoint_id"] == "fal-ai/flux/dev"
    assert model["metadata"]["display_name"] == "Flux Dev"
    assert model["metadata"]["status"] == "active"
    assert model["metadata"]["model_url"] == "https://fal.run/fal-ai/flux/dev"
    described = openapi_of(model)
    assert described["openapi"].startswith("3.0")
    assert "/fal-ai/flux/dev" in described["paths"]
