"""api.fal.ai/v1 over HTTP (docs/reference/platform-api.md)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.building import exchange
from tests.callers import Caller, ClientResponse, running_caller

API = "api.fal.ai"
DAY = "2026-01-01T00:00:00+00:00"
SCENARIO: dict[str, Any] = {
    "fakefal": 1,
    "apps": {"acme/draw": {"price": {"unit_price": 0.5, "unit": "images"}}},
    "exchanges": [
        exchange({"output": {"a": 1}, "billable_units": 3}, when={"endpoint": "acme/draw"}),
        exchange({"text": "x"}, when={"endpoint": "fal-ai/any-llm"}),
        exchange({"fail": "content_policy_violation"}, when={"endpoint": "fal-ai/flux/dev"}),
    ],
}


class PlatformApi:
    """Sends requests to the platform API."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    async def get(self, path: str, **options: Any) -> ClientResponse:
        return await self.caller.request("GET", f"/v1{path}", host=API, **options)

    async def ask(self, method: str, path: str, **options: Any) -> ClientResponse:
        return await self.caller.request(method, f"/v1{path}", host=API, **options)


@asynccontextmanager
async def running_api(**settings: Any) -> AsyncIterator[PlatformApi]:
    async with running_caller(SCENARIO, clock="instant", **settings) as caller:
        yield PlatformApi(caller)


def is_error(response: ClientResponse, type_: str) -> bool:
    error = response.json["error"]
    assert response.body.endswith(b"}\n")
    assert error.keys() == {"type", "message"}
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    return bool(error["type"] == type_)


async def test_models_are_the_endpoints_of_the_scenario() -> None:
    async with running_api() as api:
        body = (await api.get("/models")).json
        assert [model["endpoint_id"] for model in body["models"]] == [
            *("acme/draw", "fal-ai/any-llm", "fal-ai/flux/dev")
        ]
        assert (body["next_cursor"], body["has_more"]) == (None, False)
        assert body["models"][1]["metadata"]["category"] == "llm"
        assert "openapi" not in body["models"][0]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=flux", ["fal-ai/flux/dev"]),
        ("q=DRAW", ["acme/draw"]),
        ("category=llm", ["fal-ai/any-llm"]),
        ("status=deprecated", []),
        ("endpoint_id=acme/draw&endpoint_id=acme/none", ["acme/draw"]),
        ("endpoint_id=acme/draw,fal-ai/any-llm", ["acme/draw", "fal-ai/any-llm"]),
    ],
)
async def test_models_are_found_and_searched(query: str, expected: list[str]) -> None:
    async with running_api() as api:
        models = (await api.get(f"/models?{query}")).json["models"]
        assert [model["endpoint_id"] for model in models] == expected


async def test_models_need_no_key_and_prices_do() -> None:
    async with running_api() as api:
        listed = await api.get("/models", key=None)
        assert listed.status == 200
        assert len(listed.json["models"]) == 3
        assert (await api.get("/models/pricing?endpoint_id=acme/draw", key=None)).status == 401


async def test_the_site_lists_models_and_their_schemas_without_a_key() -> None:
    async with running_api() as api:
        site = {"host": "fal.ai", "key": None}
        listed = (await api.caller.request("GET", "/api/models?limit=2&page=2", **site)).json
        assert [item["id"] for item in listed["items"]] == ["fal-ai/flux/dev"]
        assert (listed["total"], listed["pages"], listed["page"]) == (3, 2, 2)
        listed = (await api.caller.request("GET", "/api/models?keywords=DRAW", **site)).json
        assert [item["id"] for item in listed["items"]] == ["acme/draw"]
        path = "/api/openapi/queue/openapi.json?endpoint_id="
        schema = await api.caller.request("GET", f"{path}acme/draw", **site)
        assert (schema.json["openapi"], "/acme/draw" in schema.json["paths"]) == ("3.0.4", True)
        assert (await api.caller.request("GET", f"{path}acme/x", **site)).status == 404
        assert (await api.caller.request("GET", "/api/models?page=0", **site)).status == 400


async def test_models_are_paged() -> None:
    async with running_api() as api:
        first = (await api.get("/models?limit=2&expand=openapi-3.0")).json
        assert (first["next_cursor"], first["has_more"]) == ("Mg", True)
        assert "paths" in first["models"][0]["openapi"]
        second = (await api.get("/models?limit=2&cursor=Mg")).json
        assert [model["endpoint_id"] for model in second["models"]] == ["fal-ai/flux/dev"]
        assert not second["has_more"]


async def test_prices_are_those_of_the_scenario() -> None:
    async with running_api() as api:
        response = await api.get("/models/pricing?endpoint_id=acme/draw&endpoint_id=fal-ai/any-llm")
        assert response.json["prices"] == [
            {"endpoint_id": "acme/draw", "unit_price": 0.5, "unit": "images", "currency": "USD"},
            {
                "endpoint_id": "fal-ai/any-llm",
                "unit_price": 0.001,
                "unit": "requests",
                "currency": "USD",
            },
        ]


async def test_one_unknown_endpoint_makes_prices_a_404() -> None:
    async with running_api() as api:
        response = await api.get("/models/pricing?endpoint_id=acme/draw&endpoint_id=acme/none")
        assert response.status == 404
        assert is_error(response, "not_found")


async def test_costs_are_estimated_in_two_ways() -> None:
    async with running_api() as api:
        await api.caller.run("acme/draw")

        async def estimate(type_: str, **quantities: Any) -> Any:
            body = {"estimate_type": type_, "endpoints": {"acme/draw": quantities}}
            return (await api.ask("POST", "/models/pricing/estimate", json=body)).json

        assert await estimate("historical_api_price", call_quantity=10) == {
            "estimate_type": "historical_api_price",
            "total_cost": 15.0,
            "currency": "USD",
        }
        assert (await estimate("unit_price", unit_quantity=4))["total_cost"] == 2.0
        assert "error" in await estimate("unit_price", call_quantity=4)
        assert "error" in await estimate("guess", unit_quantity=4)


async def test_usage_is_computed_from_the_journal() -> None:
    async with running_api() as api:
        for endpoint in ("acme/draw", "acme/draw", "fal-ai/any-llm", "fal-ai/flux/dev"):
            await api.caller.run(endpoint)
        usage = (await api.get("/models/usage?expand=time_series,summary,auth_method")).json
        draw = {
            "endpoint_id": "acme/draw",
            "unit": "images",
            "quantity": 6.0,
            "unit_price": 0.5,
            "percent_discount": None,
            "cost_subtotal": 3.0,
            "cost_discount": 0,
            "cost_total": 3.0,
            "cost": 3.0,
            "currency": "USD",
            "auth_method": "fakefal",
        }
        assert usage["time_series"][0]["bucket"] == DAY
        assert usage["time_series"][0]["results"][0] == usage["summary"][0] == draw
        assert [item["endpoint_id"] for item in usage["summary"]] == ["acme/draw", "fal-ai/any-llm"]
        none = (await api.get("/models/usage?start=2027-01-01")).json
        assert none["time_series"] == []
        one = (await api.get("/models/usage?endpoint_id=fal-ai/any-llm")).json
        assert len(one["time_series"][0]["results"]) == 1


async def test_analytics_count_how_requests_ended() -> None:
    async with running_api() as api:
        await api.caller.run("acme/draw")
        await api.caller.run("fal-ai/flux/dev")
        analytics = (await api.get("/models/analytics?endpoint_id=acme/draw,fal-ai/flux/dev")).json
        draw, flux = analytics["time_series"][0]["results"]
        assert (draw["request_count"], draw["success_count"]) == (1, 1)
        assert (flux["request_count"], flux["user_error_count"]) == (1, 1)


async def test_requests_are_listed_and_filtered() -> None:
    async with running_api() as api:
        request_id = await api.caller.submit("acme/draw")
        for _ in range(3):
            await api.caller.request("GET", f"/acme/draw/requests/{request_id}/status")
        await api.caller.run("acme/draw")
        await api.caller.run("fal-ai/flux/dev")
        by = "/models/requests/by-endpoint?endpoint_id="
        direct, queued = (await api.get(f"{by}acme/draw&expand=payloads")).json["items"]
        assert queued["request_id"] == request_id
        assert (queued["status_code"], queued["json_output"]) == (200, {"a": 1})
        assert (direct["json_input"], direct["json_output"]) == ({"prompt": "hi"}, None)
        items = (await api.get(f"{by}acme/draw&request_id={request_id}")).json["items"]
        assert [item["request_id"] for item in items] == [request_id]
        assert "json_input" not in items[0]
        errors = (await api.get(f"{by}acme/draw,fal-ai/flux/dev&status=user_error")).json["items"]
        assert [item["status_code"] for item in errors] == [422]
        assert (await api.get("/models/requests/by-endpoint")).status == 400


async def test_payloads_can_be_removed() -> None:
    async with running_api() as api:
        request_id = await api.caller.submit("acme/draw")
        response = await api.ask("DELETE", f"/models/requests/{request_id}/payloads")
        assert response.json == {"cdn_delete_results": []}
        response = await api.ask("DELETE", "/models/requests/none/payloads")
        assert response.status == 404
        assert is_error(response, "not_found")


async def test_a_key_is_created_used_and_revoked() -> None:
    async with running_api() as api:
        made = await api.ask("POST", "/keys", json={"alias": "ci"})
        assert made.status == 201
        assert made.json["key"] == f"{made.json['key_id']}:{made.json['key_secret']}"
        (listed,) = (await api.get("/keys")).json["keys"]
        assert listed == {
            "key_id": made.json["key_id"],
            "alias": "ci",
            "scope": "API",
            "created_at": "2026-01-01T00:00:00Z",
        }
        key = made.json["key"]
        assert (await api.caller.run("acme/draw", key=key)).status == 200
        forbidden = await api.get("/models/usage", key=key)
        assert forbidden.status == 403
        assert is_error(forbidden, "authorization_error")
        assert (await api.ask("DELETE", f"/keys/{made.json['key_id']}")).status == 204
        assert (await api.caller.run("acme/draw", key=key)).status == 401
        assert (await api.ask("DELETE", f"/keys/{made.json['key_id']}")).status == 404


@pytest.mark.parametrize("alias", [None, "", 5, "x" * 256])
async def test_a_key_needs_a_name(alias: Any) -> None:
    async with running_api() as api:
        response = await api.ask("POST", "/keys", json={"alias": alias})
        assert response.status == 400
        assert is_error(response, "validation_error")


async def test_the_balance_of_the_account() -> None:
    async with running_api() as api:
        assert (await api.get("/account/billing")).json == {"username": "id"}
        billing = (await api.get("/account/billing?expand=credits")).json
        assert billing["credits"] == {"current_balance": 100.0, "currency": "USD"}


async def test_meta_needs_no_key() -> None:
    async with running_api() as api:
        assert "127.0.0.1/32" in (await api.get("/meta", key=None)).json["webhook_ip_ranges"]


@pytest.mark.parametrize(
    ("method", "path", "key", "status", "type_"),
    [
        ("GET", "/models/pricing?endpoint_id=a/b", None, 401, "authorization_error"),
        ("GET", "/nothing", "a:b", 404, "not_found"),
        ("PUT", "/models", "a:b", 405, "validation_error"),
        ("GET", "/models?limit=-1", "a:b", 400, "validation_error"),
        ("GET", "/models?status=new", "a:b", 400, "validation_error"),
        ("GET", "/models/usage?timeframe=century", "a:b", 400, "validation_error"),
    ],
)
async def test_errors_have_their_own_format(
    method: str, path: str, key: str | None, status: int, type_: str
) -> None:
    async with running_api() as api:
        response = await api.ask(method, path, key=key)
        assert response.status == status
        assert is_error(response, type_)
