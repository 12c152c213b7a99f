"""The data of the Platform API: requests, units, prices."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.engine.usage import UsageLedger
from fakefal.protocol.errors.errors import ApiError
from tests.building import exchange, make_call, make_tenant
from tests.engine.tenants import make_tenant_in


async def test_requests_are_listed_the_newest_first_with_their_units() -> None:
    tenant = make_tenant(
        exchange({"output": 1, "billable_units": 3}, when={"endpoint": "acme/draw"}),
        exchange({"fail": "runner_disconnected"}, when={"endpoint": "acme/broken"}),
        exchange({"text": "x", "timeline": [{"IN_PROGRESS": {"for": "5s"}}]}),
        unmatched="fail",
    )
    await tenant.run(make_call("acme/draw", "run"))
    await tenant.run(make_call("acme/broken", "run"))
    job = tenant.submit(make_call())
    ledger = UsageLedger(tenant)
    waiting, broken, succeeded = ledger.requests()
    assert (waiting.request_id, waiting.status, waiting.duration) == (job.id, None, None)
    assert (broken.endpoint, broken.status, broken.units) == ("acme/broken", 503, None)
    assert (succeeded.endpoint, succeeded.status, succeeded.units, succeeded.duration) == (
        "acme/draw",
        200,
        3,
        0,
    )
    tenant.clock.advance(5)
    done = next(ledger.requests())
    assert (done.status, done.duration, done.units) == (200, 5, 1)
    assert done.output["output"] == "x"


async def test_misses_are_not_listed_as_requests() -> None:
    tenant = make_tenant(exchange(when={"endpoint": "a/b"}))
    with pytest.raises(ApiError):
        await tenant.run(make_call("c/d", "run"))
    assert list(UsageLedger(tenant).requests()) == []


def test_the_endpoints_are_those_of_the_scenario() -> None:
    tenant = make_tenant_in(
        exchange(when={"endpoint": "fal-ai/flux/dev"}),
        exchange(when={"endpoint": "acme/*"}),
        exchange(),
        apps={"acme/gone": "removed", "acme/there": {"runners": 1}},
    )
    assert [endpoint.text for endpoint in UsageLedger(tenant).endpoints()] == [
        "acme/there",
        "fal-ai/flux/dev",
    ]
    assert "fal-ai/any-llm" in [
        endpoint.text for endpoint in UsageLedger(make_tenant()).endpoints()
    ]


def test_prices_are_scripted_or_guessed() -> None:
    price: dict[str, Any] = {"price": {"unit_price": 2.5, "unit": "seconds"}}
    ledger = UsageLedger(make_tenant_in(apps={"acme/*": price}))
    assert ledger.price("acme/film") == (2.5, "seconds")
    assert ledger.price("fal-ai/flux/dev") == (0.025, "images")
    assert ledger.price("fal-ai/any-llm") == (0.001, "requests")
    assert ledger.price("some/thing") == (0.01, "requests")


def test_payloads_are_deleted_with_their_files() -> None:
    tenant = make_tenant(exchange({"kind": "images", "timeline": []}))
    job = tenant.submit(make_call("fal-ai/flux/dev"))
    assert len(tenant.files) == 1
    (url,) = UsageLedger(tenant).forget(job.id) or []
    assert url.startswith("https://v3b.fal.media/")
    assert len(tenant.files) == 0
    assert UsageLedger(tenant).forget(job.id) is None
