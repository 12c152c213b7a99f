"""The official description of the platform API, if it is at hand, and the fields it requires.

The description itself is fal's, so it is not part of this repository: ``FAKEFAL_PLATFORM_OPENAPI``
is the path of a copy (https://docs.fal.ai, Platform APIs). ``REQUIRED`` is our own short
transcription, by which every run is judged.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

VARIABLE = "FAKEFAL_PLATFORM_OPENAPI"

_PAGED = ("has_more",)
_COSTS = ("unit_price", "percent_discount", "cost_subtotal", "cost_discount", "cost_total")
_USAGE = ("unit", "quantity", *_COSTS, "cost", "currency")
_REQUEST = ("request_id", "endpoint_id", "started_at", "sent_at")

REQUIRED: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "GET /models": (("", _PAGED), ("models[]", ("endpoint_id",))),
    "GET /models/pricing": (
        ("", _PAGED),
        ("prices[]", ("endpoint_id", "unit_price", "unit", "currency")),
    ),
    "GET /models/usage": (
        ("", ("next_cursor", *_PAGED)),
        ("summary[]", ("endpoint_id", *_USAGE)),
        ("time_series[]", ("bucket", "results")),
        ("time_series[].results[]", ("endpoint_id", *_USAGE)),
    ),
    "GET /models/analytics": (
        ("", ("next_cursor", *_PAGED)),
        ("time_series[].results[]", ("endpoint_id",)),
    ),
    "GET /models/billing-events": (
        ("", ("next_cursor", *_PAGED)),
        (
            "billing_events[]",
            (
                *("request_id", "endpoint_id", "timestamp", "output_units"),
                *(*_COSTS, "cost_estimate_nano_usd"),
            ),
        ),
    ),
    "GET /models/requests/by-endpoint": (("", ("next_cursor", *_PAGED)), ("items[]", _REQUEST)),
    "GET /models/requests/search": (("", ("next_cursor", *_PAGED)), ("results[]", _REQUEST)),
    "GET /workflows": (
        ("", ("next_cursor", *_PAGED)),
        (
            "workflows[]",
            ("name", "title", "user_nickname", "created_at", "tags", "endpoint_ids"),
        ),
    ),
    "GET /storage/settings": (("", ("expiration_duration_seconds", "initial_acl")),),
    "GET /serverless/apps": (
        ("apps[]", ("endpoint_id", "name", "owner", "environment", "auth_mode", "updated_at")),
    ),
    "GET /serverless/apps/{owner}/{name}/queue": (("", ("queue_size",)),),
    "GET /serverless/usage": (
        ("", ("next_cursor", *_PAGED)),
        ("time_series[].results[]", ("app", "environment", "machine_type", *_USAGE, "is_surge")),
    ),
    "GET /serverless/requests/by-endpoint": (("items[]", (*_REQUEST, "runner_id")),),
    "GET /keys": (("keys[]", ("key_id", "alias", "scope", "created_at")),),
    "GET /account/billing": (("", ("username",)),),
    "GET /meta": (("", ("webhook_ip_ranges",)),),
}
"""By operation: the fields that parts of the response must have."""


def missing_fields(operation: str, body: Any) -> list[str]:
    """The required fields that a response lacks, each with its place."""
    return [
        f"{operation}: {place or 'body'} lacks {field}"
        for place, fields in REQUIRED.get(operation, ())
        for part in _parts(body, place)
        for field in fields
        if field not in part
    ]


def _parts(body: Any, place: str) -> list[Any]:
    parts = [body]
    for name in filter(None, place.split(".")):
        key = name.removesuffix("[]")
        parts = [inner for part in parts for inner in part.get(key, ())]
    return parts


@cache
def official_description() -> dict[str, Any] | None:
    """The official description; None if there is no copy."""
    path = os.environ.get(VARIABLE)
    if not path:
        return None
    description: dict[str, Any] = json.loads(Path(path).read_text())
    return description


@cache
def _validator(operation: str, status: int) -> Draft202012Validator | None:
    description = official_description()
    assert description is not None
    method, path = operation.split()
    responses = description["paths"][path][method.lower()]["responses"]
    content = responses[str(status)].get("content", {}).get("application/json")
    if content is None:
        return None
    return Draft202012Validator({**content["schema"], "components": description["components"]})


def official_problems(operation: str, status: int, body: Any) -> list[str]:
    """Where a response differs from the official description; empty without a copy of it."""
    if official_description() is None:
        return []
    validator = _validator(operation, status)
    errors = [] if validator is None else validator.iter_errors(body)
    return [f"{operation}: {'.'.join(map(str, e.path))}: {e.message[:200]}" for e in errors]
