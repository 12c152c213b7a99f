"""Every operation that is answered has the fields of the official description.

Histories are random. With ``FAKEFAL_PLATFORM_OPENAPI`` every response is also validated against
the description itself.
"""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fakefal.handlers.platform.table import API_ROUTES
from tests.building import exchange
from tests.callers import Caller, running_caller
from tests.handlers.platform.descriptions import (
    REQUIRED,
    missing_fields,
    official_description,
    official_problems,
)

SCENARIO: dict[str, Any] = {
    "fakefal": 1,
    "apps": {"acme/draw": {"price": {"unit_price": 0.5, "unit": "images"}}},
    "exchanges": [
        exchange(
            {
                "output": {"a": 1},
                "billable_units": 3,
                "timeline": [{"IN_PROGRESS": {"for": "2s", "logs": ["hello"]}}],
            },
            when={"endpoint": "acme/draw"},
        ),
        exchange({"text": "x"}, when={"endpoint": "fal-ai/any-llm"}),
        exchange({"fail": "content_policy_violation"}, when={"endpoint": "fal-ai/flux/dev"}),
        exchange({"output": 1}, when={"endpoint": "workflows/acme/nightly"}),
    ],
}
ENDPOINTS = ("acme/draw", "fal-ai/any-llm", "fal-ai/flux/dev")
IDS = "endpoint_id=acme/draw&endpoint_id=fal-ai/any-llm&endpoint_id=fal-ai/flux/dev"
CONTENTS = {
    **{"name": "n", "version": "1", "output": {}, "schema": {"input": {}, "output": {}}},
    "nodes": {"a": {"id": "a", "type": "run", "app": "acme/draw"}},
}

READS = [
    ("GET /models", "?expand=openapi-3.0"),
    ("GET /models/pricing", f"?{IDS}"),
    ("GET /models/usage", "?expand=time_series,summary,auth_method"),
    ("GET /models/analytics", f"?{IDS}"),
    ("GET /models/billing-events", ""),
    ("GET /models/billing-events", "?expand=auth_method&limit=1"),
    ("GET /models/requests/by-endpoint", f"?{IDS}&expand=payloads"),
    ("GET /models/requests/search", "?query=hi&limit=2"),
    ("GET /models/requests/search", ""),
    ("GET /workflows", ""),
    ("GET /storage/settings", ""),
    ("GET /serverless/apps", "?expand=endpoints"),
    ("GET /serverless/apps/{owner}/{name}/queue", ""),
    ("GET /serverless/analytics", f"?{IDS}"),
    ("GET /serverless/usage", "?expand=time_series,summary"),
    ("GET /serverless/requests/by-endpoint", f"?{IDS}"),
    ("POST /serverless/logs/history", ""),
    ("GET /keys", ""),
    ("GET /account/billing", "?expand=credits"),
    ("GET /meta", ""),
    ("GET /workflows/{username}/{workflow_name}", ""),
]
WRITES: list[tuple[str, str, Any]] = [
    (
        "POST /workflows",
        "/workflows",
        {"name": "n", "title": "N", "contents": CONTENTS},
    ),
    ("POST /keys", "/keys", {"alias": "k"}),
    (
        "PUT /storage/settings",
        "/storage/settings",
        {"expiration_duration_seconds": 3600, "initial_acl": {"default": "forbid", "rules": []}},
    ),
    (
        "POST /models/pricing/estimate",
        "/models/pricing/estimate",
        {"estimate_type": "unit_price", "endpoints": {"acme/draw": {"unit_quantity": 2}}},
    ),
]
STEPS = st.one_of(
    st.tuples(st.just("run"), st.sampled_from(ENDPOINTS)),
    st.tuples(st.just("submit"), st.sampled_from(ENDPOINTS)),
    st.tuples(st.just("write"), st.sampled_from(range(len(WRITES)))),
    st.tuples(st.just("wait"), st.integers(0, 5)),
)


async def act(caller: Caller, step: tuple[str, Any]) -> list[str]:
    kind, value = step
    if kind == "run":
        await caller.run(value)
    elif kind == "submit":
        await caller.submit(value)
    elif kind == "wait":
        path = "/_fakefal/clock/advance"
        await caller.request("POST", path, host=None, json={"by": f"{value}s"})
    else:
        operation, path, body = WRITES[value]
        return await judge(caller, operation, f"/v1{path}", json=body)
    return []


async def judge(caller: Caller, operation: str, path: str, **options: Any) -> list[str]:
    response = await caller.request(operation.split()[0], path, host="api.fal.ai", **options)
    if response.status >= 400:
        return [f"{operation}: {response.status} {response.body[:200]!r}"]
    problems = missing_fields(operation, response.json)
    return problems + official_problems(operation, response.status, response.json)


async def problems_after(steps: list[tuple[str, Any]]) -> list[str]:
    problems: list[str] = []
    async with running_caller(SCENARIO, clock="instant") as caller:
        for step in steps:
            problems += await act(caller, step)
        for operation, query in READS:
            path = operation.split()[1].format(
                owner="acme", name="draw", username="acme", workflow_name="nightly"
            )
            problems += await judge(caller, operation, f"/v1{path}{query}")
    return problems


@settings(max_examples=12, deadline=None)
@given(st.lists(STEPS, max_size=8))
def test_responses_are_as_described_whatever_happened_before(steps: list[tuple[str, Any]]) -> None:
    assert asyncio.run(problems_after(steps)) == []


def test_every_route_is_an_operation_of_the_description() -> None:
    description = official_description()
    if description is None:
        return
    paths = {
        (method.upper(), "/v1" + _without_names(path))
        for path, operations in description["paths"].items()
        for method in operations
    }
    routes = {(route.method, _without_names(route.path)) for route in API_ROUTES}
    assert routes - paths == set()


def _without_names(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def test_the_transcription_is_of_operations_that_are_served() -> None:
    routes = {
        f"{route.method} {_without_names(route.path.removeprefix('/v1'))}" for route in API_ROUTES
    }
    assert {_without_names(operation) for operation in REQUIRED} - routes == set()
