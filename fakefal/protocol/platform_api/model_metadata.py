"""Descriptions of endpoints for ``/v1/models``, derived from the endpoint id.

Source: documented fields (docs/reference/platform-api.md).
"""

from __future__ import annotations

import re
from typing import Any

from fakefal.protocol.core.endpoints import EndpointId

_CREATED_AT = "2026-01-01T00:00:00Z"
_CATEGORY = re.compile(
    r"(?:text|image|video|audio|speech)-to-(?:text|image|video|audio|speech|3d)|training|vision|llm"
)


def describe_model(endpoint: EndpointId) -> dict[str, Any]:
    """``{"endpoint_id": …, "metadata": {…}}``."""
    name = " ".join(part for part in (endpoint.alias, *endpoint.path.split("/")) if part)
    return {
        "endpoint_id": endpoint.text,
        "metadata": {
            "display_name": name.replace("-", " ").title(),
            "category": category_of(endpoint),
            "description": f"{endpoint.text}, as fakefal serves it",
            "status": "active",
            "tags": [],
            "updated_at": _CREATED_AT,
            "is_favorited": False,
            "thumbnail_url": "https://fal.media/files/fakefal/thumbnail.png",
            "model_url": f"https://fal.run/{endpoint.text}",
            "date": _CREATED_AT,
            "highlighted": False,
            "pinned": False,
        },
    }


def category_of(endpoint: EndpointId) -> str:
    """The category that an endpoint id suggests; ``text-to-image`` if it suggests none."""
    if endpoint.llm_api is not None:
        return "llm"
    if endpoint.namespace == "workflows":
        return "workflow"
    match = _CATEGORY.search(endpoint.text)
    return "text-to-image" if match is None else match[0]


def openapi_of(model: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI document for the endpoint's queue, with any object as input and output."""
    endpoint, metadata = model["endpoint_id"], model["metadata"]
    any_object = {"type": "object", "additionalProperties": True}
    content = {"application/json": {"schema": any_object}}
    return {
        "openapi": "3.0.4",
        "info": {
            "title": f"Queue OpenAPI for {endpoint}",
            "version": "1.0.0",
            "description": metadata["description"],
            "x-fal-metadata": {"endpointId": endpoint, "category": metadata["category"]},
        },
        "servers": [{"url": "https://queue.fal.run"}],
        "paths": {
            f"/{endpoint}": {
                "post": {
                    "requestBody": {"required": True, "content": content},
                    "responses": {"200": {"description": "The request.", "content": content}},
                }
            }
        },
    }
