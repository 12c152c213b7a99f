"""Webhooks sent again, and the bounds and ends of what is kept."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.engine.webhooks.scheduler import WebhookScheduler
from fakefal.errors import SettingError
from fakefal.settings import Limits
from tests.building import exchange, make_engine, make_tenant, tenant_of
from tests.webhook_delivery import accept, deliver, reject, run_out, stages, submit


def replying(webhook: Any, **more: Any) -> dict[str, Any]:
    return {**exchange({"text": "Ship it.", "webhook": webhook}), **more}


def saying(prompt: str, webhook: Any) -> dict[str, Any]:
    return replying(webhook, when={"input": {"prompt": prompt}})


def test_one_that_failed_is_sent_again_genuine_and_at_once() -> None:
    tenant = make_tenant(
        replying({"signature": "missing", "order": 1}), options={"webhook_retries": 10}
    )
    job = submit(tenant)
    run_out(tenant.webhooks, reject)
    (again,) = tenant.webhooks.redeliver()
    (post,) = deliver(tenant.webhooks)
    assert post.due_at == tenant.clock.now()
    assert len(post.headers) == 5
    assert post.delivery is again
    assert stages(tenant.webhooks) == ["failed", "delivered"]
    assert tenant.webhooks.redeliver(job.id)
    assert len(deliver(tenant.webhooks)) == 1


def test_one_that_waits_for_its_retry_is_hurried() -> None:
    tenant = make_tenant(exchange())
    submit(tenant)
    deliver(tenant.webhooks, reject)
    for _ in range(2):
        tenant.webhooks.redeliver()
    assert len(run_out(tenant.webhooks)) == 1
    assert len(tenant.webhooks.deliveries) == 1


def test_all_that_failed_leaves_out_what_was_accepted_and_what_never_came() -> None:
    tenant = make_tenant(replying("lost"))
    submit(tenant)
    assert tenant.webhooks.redeliver() == []


def test_an_unknown_request_cannot_be_sent_again() -> None:
    with pytest.raises(SettingError, match="no webhook of nothing was sent or is due"):
        make_tenant().webhooks.redeliver("nothing")


# Bounds and ends


def test_only_so_many_are_kept_and_finished_ones_go_first() -> None:
    tenant = tenant_of(
        make_engine([saying("slow", "late"), exchange()], limits=Limits(deliveries=3))
    )
    submit(tenant, "slow")
    for number in range(5):
        submit(tenant, str(number))
        deliver(tenant.webhooks)
    assert stages(tenant.webhooks) == ["waiting", "delivered", "delivered"]


def test_if_all_wait_the_oldest_is_dropped_and_said() -> None:
    tenant = tenant_of(make_engine([replying("late")], limits=Limits(deliveries=2)))
    jobs = [submit(tenant, str(number)) for number in range(3)]
    assert len(run_out(tenant.webhooks)) == 2
    notes = [entry for entry in tenant.journal if "more than 2" in entry.note]
    assert [entry.request_id for entry in notes] == [jobs[0].id]


@pytest.mark.parametrize("how", ["renew", "drop", "crowd"])
def test_nothing_is_sent_for_a_tenant_that_has_gone(how: str) -> None:
    engine = make_engine(limits=Limits(tenants=1))
    tenant = tenant_of(engine)
    submit(tenant)
    webhooks = tenant.webhooks
    if how == "renew":
        engine.reset_tenant(tenant.key)
    elif how == "drop":
        engine.drop(tenant.key)
    else:
        tenant_of(engine, "other")
    assert webhooks.is_closed
    assert webhooks.due() is None


def test_who_attends_is_told_of_each_tenant_once() -> None:
    engine = make_engine()
    told: list[WebhookScheduler] = []
    engine.watch_webhooks(told.append)
    tenant = tenant_of(engine)
    for _ in range(2):
        submit(tenant)
    assert told == [tenant.webhooks]
    assert deliver(told[0], accept)
