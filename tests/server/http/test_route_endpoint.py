"""Routes over HTTP: before the built-in handlers, with and without a key."""

from __future__ import annotations

from typing import Any

import aiohttp

from tests.callers import running_caller

SCENARIO: dict[str, Any] = {
    "fakefal": 1,
    "hosts": {"api.acme.dev": "up"},
    "options": {"keys": ["good:key"]},
    "routes": [
        {"when": {"host": "api.acme.dev", "path": "/v1/*"}, "reply": {"json": "{{ body }}"}},
        {"when": {"host": "v3.fal.media", "method": "PUT"}, "reply": {"text": "{{ body }}"}},
        {"when": {"host": "fal.run", "path": "/a/b"}, "reply": {"text": "a", "faults": "reset"}},
        {
            "when": {"host": "rest.fal.ai", "path": "/tokens"},
            "reply": {"builtin": True, "status": 202, "headers": {"x-a": "b"}},
        },
    ],
}


async def test_routes_need_no_key_and_accept_any() -> None:
    async with running_caller(SCENARIO) as caller:
        for key in (None, "good:key", "bad"):
            response = await caller.request(
                "POST", "/v1/x", host="api.acme.dev", key=key, data=b"q"
            )
            assert (response.status, response.json) == (200, "q")


async def test_the_host_may_be_the_first_segment_of_the_path() -> None:
    async with running_caller(SCENARIO) as caller:
        response = await caller.request("GET", "/api.acme.dev/v1/", host=None)
        assert response.status == 200


async def test_what_no_route_and_no_handler_answers_is_a_miss() -> None:
    async with running_caller(SCENARIO) as caller:
        for host, path, is_miss in (
            ("api.acme.dev", "/v2", True),
            ("wma.fal.run", "/ice", True),
            ("rest.fal.ai", "/nothing", True),
            ("queue.fal.run", "/", False),
        ):
            response = await caller.request("GET", path, host=host)
            assert response.status == 404
            assert (response.headers.get("x-fakefal-hint") == "miss") is is_miss, host


async def test_uploads_are_matched_too() -> None:
    async with running_caller(SCENARIO) as caller:
        response = await caller.request("PUT", "/x", host="v3.fal.media", data=b"bytes")
        assert response.body == b"bytes"


async def test_a_fault_reaches_the_connection() -> None:
    async with running_caller(SCENARIO) as caller:
        try:
            await caller.request("POST", "/a/b", host="fal.run")
        except aiohttp.ClientError:
            pass
        else:
            raise AssertionError("no reset")
        assert (await caller.request("POST", "/a/b", host="fal.run")).body == b"a"


async def test_a_builtin_error_is_changed() -> None:
    async with running_caller(SCENARIO) as caller:
        response = await caller.request("POST", "/tokens", host="rest.fal.ai", key=None)
        assert (response.status, response.headers["x-a"]) == (202, "b")
        assert "detail" in response.json
