"""How long a result can be read (docs/reference/protocol.md#retention)."""

from __future__ import annotations

import pytest

from fakefal.engine.core.clock import InstantClock
from fakefal.engine.queue.retention import result_ttl_seconds
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.platform_options import PlatformOptions
from fakefal.protocol.errors.errors import ApiError
from tests.building import ANY_LLM, exchange, make_call, make_tenant

HOUR = 3600.0
SIX_MINUTES = 360.0
MONTH = 30 * 86_400.0
FLUX = "fal-ai/flux"


def test_the_ttl_of_a_result_depends_on_its_size() -> None:
    sizes = (0, 9_999, 10_000, 1_000_000, 1_000_001)
    stored = [result_ttl_seconds(size, stores_payload=True) for size in sizes]
    assert stored == [HOUR, HOUR, MONTH, MONTH, SIX_MINUTES]
    not_stored = [result_ttl_seconds(size, stores_payload=False) for size in sizes]
    assert not_stored == [HOUR, HOUR, SIX_MINUTES, SIX_MINUTES, SIX_MINUTES]


def finished(
    reply: dict[str, object], *, stores: bool = True, clock: str = "manual"
) -> tuple[Tenant, str]:
    """A tenant and its finished job."""
    tenant = make_tenant(exchange({"timeline": [], **reply}), clock=clock)
    options = PlatformOptions(stores_io=stores)
    return tenant, tenant.submit(make_call("fal-ai/flux/dev", platform_options=options)).id


def reads(tenant: Tenant, id_: str) -> list[int]:
    """The statuses of status, result and cancel: 404 after the job has expired."""

    def status() -> int:
        return 200 if tenant.status(FLUX, id_, with_logs=False).status == "COMPLETED" else 202

    def result() -> int:
        return 400 if tenant.result(FLUX, id_) is None else 200

    def cancel() -> int:
        return 202 if tenant.cancel(FLUX, id_) else 400

    statuses = []
    for read in (status, result, cancel):
        try:
            statuses.append(read())
        except ApiError as error:
            statuses.append(error.status)
    return statuses


@pytest.mark.parametrize(
    ("reply", "stores", "seconds"),
    [
        ({"output": "x"}, True, HOUR),
        ({"output": "x" * 20_000}, True, MONTH),
        ({"output": "x" * 20_000}, False, SIX_MINUTES),
        ({"output": "x" * 1_100_000}, True, SIX_MINUTES),
        ({"output": "x", "result_ttl": "2s"}, True, 2.0),
        ({"output": "x" * 20_000, "result_ttl": "1h"}, False, HOUR),
        ({"fail": "runner_disconnected"}, True, HOUR),
    ],
)
def test_an_expired_result_is_unknown(
    reply: dict[str, object], stores: bool, seconds: float
) -> None:
    tenant, id_ = finished(reply, stores=stores)
    tenant.clock.advance(seconds - 0.5)
    assert reads(tenant, id_) == [200, 200, 400]
    tenant.clock.advance(0.5)
    assert reads(tenant, id_) == [404, 404, 404]
    assert id_ not in tenant.queue.jobs


def test_the_ttl_starts_at_the_end_not_at_the_first_read() -> None:
    step = {"IN_PROGRESS": {"for": "10s"}}
    tenant = make_tenant(exchange({"text": "x", "timeline": [step], "result_ttl": "5s"}))
    id_ = tenant.submit(make_call()).id
    tenant.clock.advance(15)
    with pytest.raises(ApiError):
        tenant.status(ANY_LLM, id_, with_logs=False)


def test_an_unfinished_job_never_expires() -> None:
    tenant = make_tenant(
        exchange({"text": "x", "timeline": [{"IN_QUEUE": {"forever": True}}], "result_ttl": "1s"})
    )
    id_ = tenant.submit(make_call()).id
    tenant.clock.advance(MONTH)
    assert tenant.status(ANY_LLM, id_, with_logs=False).status == "IN_QUEUE"


def test_on_an_instant_clock_only_advanced_time_counts() -> None:
    tenant, id_ = finished({"output": "x", "result_ttl": "1h"}, clock="instant")
    clock = tenant.clock
    assert isinstance(clock, InstantClock)
    assert reads(tenant, id_) == [200, 200, 400]
    clock.jump_to(clock.now() + 10 * HOUR)
    assert reads(tenant, id_) == [200, 200, 400]
    clock.advance(HOUR)
    assert reads(tenant, id_) == [404, 404, 404]


def test_a_request_cancelled_in_the_queue_has_the_usual_ttl() -> None:
    tenant = make_tenant(exchange())
    id_ = tenant.submit(make_call()).id
    tenant.cancel(ANY_LLM, id_)
    tenant.clock.advance(HOUR - 1)
    assert tenant.status(ANY_LLM, id_, with_logs=False).status == "COMPLETED"
    tenant.clock.advance(1)
    with pytest.raises(ApiError):
        tenant.result(ANY_LLM, id_)
