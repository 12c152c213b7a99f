"""What fal's proxy protocol refuses (protocol.md section 12)."""

from __future__ import annotations

import pytest

from fakefal.handlers.proxy import check_proxy_request
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
async def test_a_proxy_refuses_as_documented(
    method: str, headers: dict[str, str], status: int
) -> None:
    async with running_caller(scenario(exchange())) as caller:
        heard = await caller.request(
            method, "/api/fal/proxy", host=None, headers=headers, data=b'{"prompt": "x"}'
        )
        assert heard.status == status
        if status != 200:
            assert heard.headers["x-fakefal-hint"] == "refused as a proxy does"


def test_what_is_no_business_of_a_proxy_is_left_alone() -> None:
    assert check_proxy_request("POST", "/somewhere", {}, has_fal_target=False) is None
    assert check_proxy_request("POST", "/api/fal/proxy/", {}, has_fal_target=False) is not None
