"""The jobs of a tenant: limits, lookup by app, expiry."""

from __future__ import annotations

import pytest

from fakefal.engine.tenant import Tenant
from fakefal.protocol.errors.errors import ApiError
from fakefal.settings import Limits
from tests.building import ANY_LLM
from tests.engine.tenants import lasting_exchange, make_tenant_in, status_words, submit


def make_few(bound: int = 2) -> Tenant:
    return make_tenant_in(lasting_exchange(10, cancel="accepted"), limits=Limits(jobs=bound))


def test_a_job_is_found_under_its_own_app_only() -> None:
    tenant = make_few()
    id_ = submit(tenant)
    now = tenant.clock.now()
    assert tenant.queue.find(ANY_LLM, id_, now) is tenant.queue.peek(ANY_LLM, id_)
    assert tenant.queue.peek(ANY_LLM, "none") is None
    with pytest.raises(ApiError, match=r"the request belongs to fal-ai/any-llm"):
        tenant.queue.find("fal-ai/flux", id_, now)


def test_a_finished_job_is_dropped_before_a_running_one() -> None:
    tenant = make_few()
    running, finished = submit(tenant), submit(tenant)
    tenant.cancel(ANY_LLM, finished)
    newest = submit(tenant)
    assert status_words(tenant, running, finished, newest) == ["run", "404", "run"]


def test_if_none_is_finished_the_new_job_is_refused() -> None:
    tenant = make_few()
    ids = [submit(tenant) for _ in range(2)]
    with pytest.raises(ApiError, match=r"all 2 requests that are kept .* unfinished or unread"):
        submit(tenant)
    assert list(tenant.queue.jobs) == ids
    assert tenant.bounds.refused == {"jobs": 1}
    last = list(tenant.journal)[-1]
    assert (last.kind, last.status) == ("call", 429)
    assert "--limit jobs=NUMBER" in last.note


def test_a_finished_job_is_kept_until_it_is_read_or_a_minute_old() -> None:
    tenant = make_few()
    first, second = submit(tenant), submit(tenant)
    tenant.clock.advance(10)
    with pytest.raises(ApiError):
        submit(tenant)
    tenant.result(ANY_LLM, second)
    submit(tenant)
    assert first in tenant.queue.jobs
    assert second not in tenant.queue.jobs
    with pytest.raises(ApiError, match="one of the 1 oldest, dropped to stay within limits"):
        tenant.queue.find(ANY_LLM, second, tenant.clock.now())
    tenant.clock.advance(61)
    submit(tenant)
    assert first not in tenant.queue.jobs


def test_an_expired_result_is_not_found() -> None:
    tenant = make_few()
    id_ = submit(tenant)
    tenant.clock.advance(10)
    assert tenant.queue.find(ANY_LLM, id_, tenant.clock.now()).is_over
    tenant.clock.advance(3601)
    for reason in ("the result has expired", "this key has no such request"):
        with pytest.raises(ApiError, match=reason):
            tenant.queue.find(ANY_LLM, id_, tenant.clock.now())


def test_waiting_jobs_are_counted_by_app() -> None:
    tenant = make_tenant_in(lasting_exchange(10), apps={"*": {"runners": 1}})
    for endpoint in (ANY_LLM, ANY_LLM, "fal-ai/flux"):
        submit(tenant, endpoint)
    now = tenant.clock.now()
    assert tenant.queue.waiting_count(ANY_LLM, now) == 1
    assert tenant.queue.running_count(now) == 2


@pytest.mark.parametrize(("limit", "words"), [(9.0, ["run", "run"]), (10.0, ["run", "done"])])
def test_polls_do_not_move_an_instant_clock_beyond_the_limit(
    limit: float, words: list[str]
) -> None:
    tenant = make_tenant_in(lasting_exchange(10), clock="instant")
    id_, start = submit(tenant), tenant.clock.now()
    tenant.queue.jump_limit = lambda: start + limit
    assert status_words(tenant, id_, id_) == words
