from __future__ import annotations

import math

from fakefal.engine.core.clock import START
from fakefal.engine.next_event import next_instant, step
from tests.building import exchange
from tests.engine.tenants import make_tenant_in, submit


def slow(*steps: object) -> dict[str, object]:
    return exchange(reply={"text": "x", "timeline": list(steps)})


def test_steps_follow_each_other() -> None:
    tenant = make_tenant_in(slow({"IN_QUEUE": {"for": "10s"}}, {"IN_PROGRESS": {"for": "20s"}}))
    assert next_instant(tenant) == math.inf
    assert "no request is running" in step(tenant, math.inf)
    submit(tenant)
    for passed in (10, 30):
        assert next_instant(tenant) == START + passed
        assert step(tenant, math.inf) == ""
        assert tenant.clock.now() == START + passed
    assert next_instant(tenant) == math.inf


def test_polls_are_not_events() -> None:
    tenant = make_tenant_in(slow("IN_QUEUE"))
    id_ = submit(tenant)
    assert step(tenant, math.inf) == f"status polls, not time, move on {id_}"


def test_there_is_a_limit() -> None:
    tenant = make_tenant_in(slow({"IN_QUEUE": {"for": "10s"}}))
    submit(tenant)
    assert "the next event is at 2026-01-01T00:00:10" in step(tenant, START + 9)
    assert tenant.clock.now() == START
