"""Redelivered webhooks, and the limits of kept deliveries."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.engine.webhooks.scheduler import WebhookScheduler
from fakefal.errors import SettingError
from fakefal.protocol.errors.errors import ApiError
from fakefal.settings import Limits
from tests.building import exchange, make_engine, make_tenant, tenant_of
from tests.webhook_delivery import accept, deliver, reject, run_out, stages, submit


def replying(webhook: Any, **more: Any) -> dict[str, Any]:
    return {**exchange({"text": "Ship it.", "webhook": webhook}), **more}


def saying(prompt: str, webhook: Any) -> dict[str, Any]:
    return replying(webhook, when={"input": {"prompt": prompt}})


def test_a_failed_delivery_is_resent_immediately_and_correctly_signed() -> None:
    tenant = make_tenant(
        replying({"signature": "missing", "order": 1}), options={"webhook_retries": 10}
    )
    job = submit(tenant)
    run_out(tenant.webhooks, reject)
    (redelivered,) = tenant.webhooks.redeliver()
    (post,) = deliver(tenant.webhooks)
    assert post.due_at == tenant.clock.now()
    assert len(post.headers) == 5
    assert post.delivery is redelivered
    assert stages(tenant.webhooks) == ["failed", "delivered"]
    assert tenant.webhooks.redeliver(job.id)
    assert len(deliver(tenant.webhooks)) == 1


def test_a_delivery_waiting_for_its_retry_is_sent_immediately() -> None:
    tenant = make_tenant(exchange())
    submit(tenant)
    deliver(tenant.webhooks, reject)
    for _ in range(2):
        tenant.webhooks.redeliver()
    assert len(run_out(tenant.webhooks)) == 1
    assert len(tenant.webhooks.deliveries) == 1


def test_redelivering_all_excludes_delivered_and_never_sent_ones() -> None:
    tenant = make_tenant(replying("lost"))
    submit(tenant)
    assert tenant.webhooks.redeliver() == []


def test_an_unknown_request_cannot_be_redelivered() -> None:
    with pytest.raises(SettingError, match="no webhook of nothing was sent or is due"):
        make_tenant().webhooks.redeliver("nothing")


# Limits and replaced tenants


def test_deliveries_are_limited_and_finished_ones_are_dropped_first() -> None:
    tenant = tenant_of(
        make_engine([saying("slow", "late"), exchange()], limits=Limits(deliveries=3))
    )
    submit(tenant, "slow")
    for number in range(5):
        submit(tenant, str(number))
        deliver(tenant.webhooks)
    assert stages(tenant.webhooks) == ["waiting", "delivered", "delivered"]


def test_if_all_wait_a_new_request_with_a_webhook_is_refused() -> None:
    tenant = tenant_of(make_engine([replying("late")], limits=Limits(deliveries=2)))
    for number in range(2):
        submit(tenant, str(number))
    with pytest.raises(ApiError, match="2 webhooks of this key are not delivered yet"):
        submit(tenant, "2")
    assert len(run_out(tenant.webhooks)) == 2
    assert tenant.webhooks.alive_count == 0
    submit(tenant, "3")


@pytest.mark.parametrize("how", ["renew", "drop"])
def test_nothing_is_sent_for_a_replaced_tenant(how: str) -> None:
    engine = make_engine()
    tenant = tenant_of(engine)
    submit(tenant)
    webhooks = tenant.webhooks
    if how == "renew":
        engine.reset_tenant(tenant.key)
    else:
        engine.drop(tenant.key)
    assert webhooks.is_closed
    assert webhooks.due() is None


def test_a_watcher_gets_the_webhooks_of_each_tenant_once() -> None:
    engine = make_engine()
    schedulers: list[WebhookScheduler] = []
    engine.watch_webhooks(schedulers.append)
    tenant = tenant_of(engine)
    for _ in range(2):
        submit(tenant)
    assert schedulers == [tenant.webhooks]
    assert deliver(schedulers[0], accept)
