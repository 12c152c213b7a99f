"""The jobs of a tenant: kept within bounds, found under their app, gone after their time."""

from __future__ import annotations

import pytest

from fakefal.engine.tenant import Tenant
from fakefal.protocol.errors.errors import ApiError
from fakefal.settings import Limits
from tests.building import ANY_LLM
from tests.engine.living import lasting_exchange, make_tenant_in, status_words, submit


def few(bound: int = 2) -> Tenant:
    return make_tenant_in(lasting_exchange(10, cancel="accepted"), limits=Limits(jobs=bound))


def test_a_job_is_found_under_its_own_app_only() -> None:
    tenant = few()
    id_ = submit(tenant)
    now = tenant.clock.now()
    assert tenant.queue.find(ANY_LLM, id_, now) is tenant.queue.peek(ANY_LLM, id_)
    assert tenant.queue.peek(ANY_LLM, "none") is None
    with pytest.raises(ApiError, match=r"the request is one of fal-ai/any-llm"):
        tenant.queue.find("fal-ai/flux", id_, now)


def test_a_finished_job_makes_room_before_one_that_runs() -> None:
    tenant = few()
    running, finished = submit(tenant), submit(tenant)
    tenant.cancel(ANY_LLM, finished)
    newest = submit(tenant)
    assert status_words(tenant, running, finished, newest) == ["run", "404", "run"]


def test_where_none_is_finished_the_oldest_makes_room() -> None:
    tenant = few()
    ids = [submit(tenant) for _ in range(3)]
    assert list(tenant.queue.jobs) == ids[1:]
    with pytest.raises(ApiError, match="one of the 1 oldest, dropped to stay within limits"):
        tenant.queue.find(ANY_LLM, ids[0], tenant.clock.now())


def test_a_result_that_is_kept_no_more_is_not_found() -> None:
    tenant = few()
    id_ = submit(tenant)
    tenant.clock.advance(10)
    assert tenant.queue.find(ANY_LLM, id_, tenant.clock.now()).is_over
    tenant.clock.advance(3601)
    for why in ("the result is kept no more", "this key has no such request"):
        with pytest.raises(ApiError, match=why):
            tenant.queue.find(ANY_LLM, id_, tenant.clock.now())


def test_those_that_wait_are_counted_by_app() -> None:
    tenant = make_tenant_in(lasting_exchange(10), apps={"*": {"runners": 1}})
    for endpoint in (ANY_LLM, ANY_LLM, "fal-ai/flux"):
        submit(tenant, endpoint)
    now = tenant.clock.now()
    assert tenant.queue.waiting_count(ANY_LLM, now) == 1
    assert tenant.queue.running_count(now) == 2
