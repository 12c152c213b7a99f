"""Requests that a server proxy rejects (docs/reference/protocol.md#server-proxy)."""

from __future__ import annotations

import pytest

from fakefal.handlers.server_proxy import check_proxy_request
from tests.building import exchange, scenario
from tests.callers import running_caller

GOOD = {"x-fal-target-url": "https://fal.run/fal-ai/any-llm"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", JSON, 400),
        ("POST", {**JSON, "x-fal-target-url": "https://example.com/x"}, 412),
        ("POST", {**JSON, "x-fal-target-url": "nonsense"}, 412),
        ("TRACE", GOOD, 405),
        ("POST", {**GOOD, "Content-Type": "text/plain"}, 415),
        ("POST", {**GOOD, "Content-Type": "application/json; charset=utf-8"}, 200),
    ],
)
async def test_requests_are_rejected_as_documented(
    method: str, headers: dict[str, str], status: int
) -> None:
    async with running_caller(scenario(exchange())) as caller:
        response = await caller.request(
            method, "/api/fal/proxy", host=None, headers=headers, data=b'{"prompt": "x"}'
        )
        assert response.status == status
        if status != 200:
            assert response.headers["x-fakefal-hint"] == "rejected as by a server proxy"


def test_requests_to_other_paths_are_not_checked() -> None:
    assert check_proxy_request("POST", "/somewhere", {}, has_fal_target=False) is None
    assert check_proxy_request("POST", "/api/fal/proxy/", {}, has_fal_target=False) is not None
