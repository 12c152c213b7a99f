"""The public keys, as a receiver fetches them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.building import exchange, scenario
from tests.callers import running_caller, within_limit

PATH = "/.well-known/jwks.json"


def published(jwks: Any) -> dict[str, Any]:
    return {**scenario(exchange()), "jwks": jwks}


@pytest.mark.parametrize("host", ["rest.fal.ai", "rest.alpha.fal.ai"])
@pytest.mark.parametrize("key", [None, "id:secret"])
async def test_the_keys_need_no_api_key(host: str, key: str | None) -> None:
    async with running_caller() as caller:
        response = await caller.request("GET", PATH, host=host, key=key)
        assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
        assert response.headers["Cache-Control"] == "public, max-age=86400"
        assert len(response.json["keys"]) == 2
        for jwk in response.json["keys"]:
            assert list(jwk) == ["kty", "crv", "kid", "x", "use"]
            assert (jwk["kty"], jwk["crv"], jwk["use"]) == ("OKP", "Ed25519", "sig")
            assert (len(jwk["kid"]), len(jwk["x"]), jwk["x"][-1]) == (43, 44, "=")


async def test_the_control_api_gives_the_same_keys_without_a_key() -> None:
    async with running_caller() as caller:
        public = await caller.request("GET", PATH, host="rest.fal.ai", key=None)
        for key in (None, "id:secret"):
            own = await caller.request("GET", "/_fakefal/jwks.json", host=None, key=key)
            assert own.json == public.json


async def test_a_jwks_that_is_down_is_a_page_of_the_load_balancer() -> None:
    async with running_caller(published("down")) as caller:
        response = await caller.request("GET", PATH, host="rest.fal.ai", key=None)
        assert (response.status, response.headers["Content-Type"]) == (503, "text/html")
        assert b"nginx" in response.body
        own = await caller.request("GET", "/_fakefal/jwks.json", host=None, key=None)
        assert own.status == 200


async def test_it_recovers_after_some_fetches() -> None:
    async with running_caller(published({"status": 500, "times": 2})) as caller:
        answers = [
            await caller.request("GET", PATH, host="rest.fal.ai", key=None) for _ in range(3)
        ]
        assert [response.status for response in answers] == [500, 500, 200]


async def test_a_slow_jwks_is_delayed_on_the_clock() -> None:
    async with running_caller(published("slow")) as caller:
        task = asyncio.ensure_future(caller.request("GET", PATH, host="rest.fal.ai", key=None))
        done, _ = await asyncio.wait({task}, timeout=0.05)
        assert not done
        caller.server.engine.fallback_tenant().clock.advance(20)
        assert (await within_limit(task)).status == 200


async def test_keys_change_on_the_clock_of_the_tenant_used_last() -> None:
    async with running_caller(published({"rotate_after": "1h"})) as caller:
        await caller.submit()
        before = await caller.request("GET", PATH, host="rest.fal.ai", key=None)
        await caller.request("POST", "/_fakefal/clock/advance", host=None, json={"by": "1h"})
        after = await caller.request("GET", PATH, host="rest.fal.ai", key=None)
        assert before.json != after.json


async def test_the_control_api_changes_how_they_are_published() -> None:
    async with running_caller() as caller:
        before = await caller.request("GET", PATH, host="rest.fal.ai")
        down = await caller.request("POST", "/_fakefal/jwks", host=None, json={"jwks": "down"})
        assert down.json == before.json
        assert (await caller.request("GET", PATH, host="rest.fal.ai")).status == 503
        turned = {"jwks": {}, "rotate": True}
        await caller.request("POST", "/_fakefal/jwks", host=None, json=turned)
        after = await caller.request("GET", PATH, host="rest.fal.ai")
        assert after.status == 200
        assert after.json != before.json


@pytest.mark.parametrize("body", [None, [], {"keys": 1}, {"jwks": "gone"}])
async def test_the_control_api_rejects_invalid_parameters(body: Any) -> None:
    async with running_caller() as caller:
        response = await caller.request("POST", "/_fakefal/jwks", host=None, json=body)
        assert response.status == 400
        assert "jwks" in response.json["detail"]
