"""Random scenarios and receivers: no webhook is lost, and the schedule is kept."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fakefal.engine.tenant import Tenant
from fakefal.engine.webhooks.deliveries import DeliveryResult, WebhookRequest
from fakefal.protocol.webhooks import RETRY_PAUSES
from tests.building import make_tenant
from tests.webhook_delivery import deliver, run_out, submit

RESULTS = st.sampled_from(
    [
        *[DeliveryResult(200)] * 3,
        *[DeliveryResult(500), DeliveryResult(404)],
        DeliveryResult(failure="gone", kind="failed"),
        DeliveryResult(failure="silent", kind="timeout"),
    ]
)
WEBHOOKS = st.fixed_dictionaries(
    {},
    optional={
        "after": st.integers(0, 100),
        "duplicates": st.integers(0, 2),
        "order": st.integers(1, 4),
        "signature": st.sampled_from(["bad", "stale"]),
    },
)
STEPS = st.lists(
    st.fixed_dictionaries({"IN_PROGRESS": st.fixed_dictionaries({"for": st.integers(0, 50)})}),
    max_size=2,
)
JOBS = st.lists(st.tuples(WEBHOOKS, STEPS), min_size=1, max_size=6)


def make_jobs_tenant(jobs: list[tuple[dict[str, Any], list[Any]]]) -> Tenant:
    """A tenant with an exchange for each job, matched by its prompt."""
    return make_tenant(
        *[
            {
                "when": {"input": {"prompt": str(number)}},
                "reply": {"text": "x", "webhook": webhook, "timeline": steps},
            }
            for number, (webhook, steps) in enumerate(jobs)
        ],
        options={"webhook_retries": 10},
    )


@given(JOBS, st.data())
def test_every_webhook_finishes_after_the_attempts_it_needed(
    jobs: list[tuple[dict[str, Any], list[Any]]], data: st.DataObject
) -> None:
    tenant = make_jobs_tenant(jobs)
    for number in range(len(jobs)):
        submit(tenant, str(number))
        tenant.clock.advance(data.draw(st.integers(0, 20)))
        deliver(tenant.webhooks, lambda _: data.draw(RESULTS))
    run_out(tenant.webhooks, lambda _: data.draw(RESULTS))
    deliveries = tenant.webhooks.deliveries
    assert len(deliveries) == sum(1 + webhook.get("duplicates", 0) for webhook, _ in jobs)
    assert tenant.webhooks.unfinished() == []
    for delivery in deliveries:
        succeeded = [attempt.result.is_success for attempt in delivery.attempts]
        assert not any(succeeded[:-1])
        assert delivery.stage == ("delivered" if succeeded[-1] else "failed")
        assert succeeded[-1] or len(succeeded) == 11
        for number, (first, second) in enumerate(pairwise(delivery.attempts)):
            pause = second.at - first.at - first.seconds
            assert round(pause, 6) == RETRY_PAUSES[10][number]
    written = [entry for entry in tenant.journal if entry.kind == "webhook"]
    assert len(written) == sum(len(delivery.attempts) for delivery in deliveries)


@given(JOBS, st.randoms(use_true_random=False))
def test_lower_orders_finish_first(
    jobs: list[tuple[dict[str, Any], list[Any]]], chance: Any
) -> None:
    tenant = make_jobs_tenant(jobs)
    for number in range(len(jobs)):
        submit(tenant, str(number))
    finished: set[int] = set()
    orders = {webhook["order"] for webhook, _ in jobs if "order" in webhook}

    def receive(post: WebhookRequest) -> DeliveryResult:
        order = post.delivery.webhook.order
        if order is not None:
            finished.update(
                delivery.webhook.order
                for delivery in tenant.webhooks.deliveries
                if delivery.is_over and delivery.webhook.order is not None
            )
            assert {lower for lower in orders if lower < order} <= finished
        return DeliveryResult(chance.choice([200, 500]))

    run_out(tenant.webhooks, receive)
    assert tenant.webhooks.unfinished() == []


@given(JOBS)
def test_equal_calls_give_equal_requests_byte_for_byte(
    jobs: list[tuple[dict[str, Any], list[Any]]],
) -> None:
    seen = []
    for _ in range(2):
        tenant = make_jobs_tenant(jobs)
        for number in range(len(jobs)):
            submit(tenant, str(number))
        posts = run_out(tenant.webhooks)
        seen.append([(post.due_at, post.url, post.headers, post.body) for post in posts])
    assert seen[0] == seen[1]
