"""When webhooks are due, and what follows from each result."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from fakefal.engine.core.clock import START
from fakefal.engine.webhooks.deliveries import DeliveryResult, WebhookRequest
from fakefal.protocol.core.platform_options import DEFAULT_OPTIONS, PlatformOptions
from fakefal.protocol.webhooks import RETRY_PAUSES
from tests.building import ANY_LLM, exchange, make_call, make_tenant, timeline
from tests.webhook_delivery import (
    URL,
    deliver,
    latest,
    reject,
    run_out,
    stages,
    submit,
)


def replying(webhook: Any, **reply: Any) -> dict[str, Any]:
    return exchange({"text": "Ship it.", "webhook": webhook, **reply})


def saying(prompt: str, webhook: Any) -> dict[str, Any]:
    return {"when": {"input": {"prompt": prompt}}, "reply": {"text": "x", "webhook": webhook}}


def timestamp_of(post: WebhookRequest) -> int:
    return int(dict(post.headers)["X-Fal-Webhook-Timestamp"])


def times(posts: list[WebhookRequest]) -> list[float]:
    return [post.due_at - START for post in posts]


# Due instants


def test_a_job_ends_without_polls_and_its_webhook_is_due_at_that_instant() -> None:
    tenant = make_tenant(timeline({"IN_QUEUE": {"for": "2s"}}, {"IN_PROGRESS": {"for": "3s"}}))
    job = submit(tenant)
    webhooks = tenant.webhooks
    assert webhooks.next_due() == START + 2
    posts = run_out(webhooks)
    assert times(posts) == [5]
    assert (posts[0].url, posts[0].timeout_seconds, timestamp_of(posts[0])) == (URL, 15, START + 5)
    assert json.loads(posts[0].body)["request_id"] == job.id
    assert stages(webhooks) == ["delivered"]


def test_after_a_jump_attempts_keep_their_instants_and_sign_with_the_present() -> None:
    tenant = make_tenant(timeline({"IN_PROGRESS": {"for": "3s"}}))
    submit(tenant)
    tenant.clock.advance(100)
    (post,) = deliver(tenant.webhooks)
    assert (post.due_at, timestamp_of(post)) == (START + 3, START + 100)


def test_a_call_without_a_webhook_gets_none() -> None:
    tenant = make_tenant(exchange())
    tenant.submit(make_call())
    assert tenant._webhooks is None


@pytest.mark.parametrize(
    ("webhook", "instants"),
    [
        ({}, [0]),
        ({"after": "90s"}, [90]),
        ("late", [2400]),
        ("twice", [0, 1]),
        ({"duplicates": 2, "every": "5s", "after": "1s"}, [1, 6, 11]),
    ],
)
def test_a_webhook_is_due_when_it_is_scripted(webhook: Any, instants: list[float]) -> None:
    tenant = make_tenant(replying(webhook))
    submit(tenant)
    posts = run_out(tenant.webhooks)
    assert times(posts) == instants
    assert len({post.headers for post in posts}) == len(posts)
    assert len({post.body for post in posts}) == 1


def test_a_dropped_webhook_is_journalled_and_never_sent() -> None:
    tenant = make_tenant(replying("lost"))
    submit(tenant)
    assert run_out(tenant.webhooks) == []
    assert stages(tenant.webhooks) == ["never"]
    *_, last = tenant.journal
    assert (last.kind, last.note) == (
        "webhook",
        f"{URL}: never sent: the scenario drops this webhook",
    )


def test_an_early_webhook_does_not_wait_for_the_job() -> None:
    tenant = make_tenant(timeline({"IN_PROGRESS": {"for": "9s"}}, webhook="early"))
    submit(tenant)
    (post,) = deliver(tenant.webhooks)
    assert json.loads(post.body)["status"] == "OK"


def test_the_webhook_of_a_failed_job_is_an_error() -> None:
    tenant = make_tenant(exchange({"fail": "runner_disconnected"}))
    submit(tenant)
    (post,) = deliver(tenant.webhooks)
    assert json.loads(post.body)["error"] == "Runner disconnected"


def test_a_request_cancelled_in_the_queue_has_no_webhook() -> None:
    tenant = make_tenant(timeline({"IN_QUEUE": {"forever": True}}))
    job = submit(tenant)
    assert deliver(tenant.webhooks) == []
    assert tenant.cancel(ANY_LLM, job.id)
    assert run_out(tenant.webhooks) == []
    assert latest(tenant.webhooks).reason == "the request was cancelled in the queue"


def test_the_webhook_of_an_ignored_cancel_has_the_outcome() -> None:
    tenant = make_tenant(timeline({"IN_PROGRESS": {"for": "2s"}}))
    job = submit(tenant)
    assert tenant.cancel(ANY_LLM, job.id)
    assert [json.loads(post.body)["status"] for post in run_out(tenant.webhooks)] == ["OK"]


def test_the_webhook_of_an_aborted_run_says_cancelled() -> None:
    tenant = make_tenant(timeline({"IN_PROGRESS": {"forever": True}}, cancel="accepted"))
    job = submit(tenant)
    tenant.clock.advance(5)
    assert deliver(tenant.webhooks) == []
    assert tenant.cancel(ANY_LLM, job.id)
    (post,) = deliver(tenant.webhooks)
    event = json.loads(post.body)
    assert (event["status"], event["error"]) == ("ERROR", "Request was cancelled")
    assert event["payload"] == {"detail": "Request cancelled by the client."}
    assert run_out(tenant.webhooks) == []


def test_the_timestamp_is_real_unless_the_clock_is_manual() -> None:
    stamps = {}
    for clock in ("manual", "instant"):
        for mode in ("auto", "clock", "real"):
            tenant = make_tenant(options={"webhook_timestamps": mode}, clock=clock)
            stamps[clock, mode] = tenant.webhooks.timestamp() == START
    assert [key for key, is_start in stamps.items() if is_start] == [
        ("manual", "auto"),
        ("manual", "clock"),
        ("instant", "clock"),
    ]


# Retries


@pytest.mark.parametrize("retries", [31, 10])
def test_the_retries_follow_the_table_in_number_and_spacing(retries: int) -> None:
    tenant = make_tenant(exchange(), options={"webhook_retries": retries})
    submit(tenant)
    posts = run_out(tenant.webhooks, reject)
    pauses = [later - earlier for earlier, later in pairwise(times(posts))]
    assert pauses == list(RETRY_PAUSES[retries])
    assert [post.timeout_seconds for post in posts] == [15, *[120] * retries]
    assert len({timestamp_of(post) for post in posts}) == len({post.headers for post in posts})
    assert latest(tenant.webhooks).stage == "failed"
    assert latest(tenant.webhooks).reason == (f"no attempt left after {retries + 1}; the last: 500")


def test_one_long_advance_gives_the_same_schedule_as_many_small_ones() -> None:
    seen = []
    for steps in (1, 1440):
        tenant = make_tenant(exchange())
        submit(tenant)
        posts = deliver(tenant.webhooks, reject)
        for _ in range(steps):
            tenant.clock.advance(86_400 / steps)
            posts += deliver(tenant.webhooks, reject)
        seen.append(times(posts))
    assert seen[0] == seen[1]
    assert len(seen[0]) == 32


NOT_STORED = PlatformOptions(stores_io=False)


@pytest.mark.parametrize(
    ("reply", "options", "attempts"),
    [
        ({"result_ttl": "2.5s"}, DEFAULT_OPTIONS, 1),
        ({"result_ttl": "2.6s"}, DEFAULT_OPTIONS, 2),
        ({"result_ttl": "20h"}, DEFAULT_OPTIONS, 28),
        ({}, NOT_STORED, 9),
        ({"text": "x" * 10_000}, NOT_STORED, 5),
        ({"text": "x" * 10_000}, DEFAULT_OPTIONS, 32),
        ({"text": "x" * 1_000_000}, DEFAULT_OPTIONS, 5),
    ],
)
def test_retries_end_when_the_result_expires(
    reply: dict[str, Any], options: PlatformOptions, attempts: int
) -> None:
    tenant = make_tenant(exchange({"text": "x", **reply}))
    tenant.submit(make_call(webhook=URL, platform_options=options))
    posts = run_out(tenant.webhooks, reject)
    assert len(posts) == attempts
    assert latest(tenant.webhooks).stage == "failed"
    if attempts < 32:
        why = "the result expires before the next attempt"
        assert latest(tenant.webhooks).reason == f"{why}; the last: 500"
        *_, last = tenant.journal
        assert (last.note, last.at) == (f"{URL}: given up: {why}", posts[-1].due_at)
    tenant.webhooks.redeliver()
    assert len(run_out(tenant.webhooks)) == 1
    assert latest(tenant.webhooks).stage == "delivered"


def test_the_next_attempt_counts_from_the_end_of_a_timeout() -> None:
    tenant = make_tenant(exchange())
    submit(tenant)
    silent = [DeliveryResult(failure="no answer", kind="timeout")] * 2
    posts = run_out(tenant.webhooks, lambda _: silent.pop() if silent else DeliveryResult(204))
    assert times(posts) == [0, 15 + 2.5, 17.5 + 120 + 39]
    assert stages(tenant.webhooks) == ["delivered"]


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_any_2xx_is_a_success(status: int) -> None:
    tenant = make_tenant(exchange())
    submit(tenant)
    assert len(run_out(tenant.webhooks, lambda _: DeliveryResult(status))) == 1
    assert stages(tenant.webhooks) == ["delivered"]


@pytest.mark.parametrize("status", [300, 301, 307, 399])
def test_a_redirect_is_not_retried(status: int) -> None:
    tenant = make_tenant(exchange())
    submit(tenant)
    assert len(run_out(tenant.webhooks, lambda _: DeliveryResult(status))) == 1
    delivery = latest(tenant.webhooks)
    assert (delivery.stage, delivery.reason) == ("failed", f"redirects are not followed ({status})")


def test_a_blocked_target_is_not_retried_and_journalled() -> None:
    tenant = make_tenant(exchange())
    submit(tenant)
    run_out(tenant.webhooks, lambda _: DeliveryResult(failure="too far", kind="refused"))
    assert (latest(tenant.webhooks).stage, latest(tenant.webhooks).reason) == ("refused", "too far")
    *_, last = tenant.journal
    assert last.note == f"{URL}: refused: too far"


@pytest.mark.parametrize("status", [100, 199, 400, 404, 410, 500, 599, 0])
def test_anything_else_is_retried(status: int) -> None:
    tenant = make_tenant(exchange())
    submit(tenant)
    results = [DeliveryResult(200), DeliveryResult(status, failure="gone")]
    assert len(run_out(tenant.webhooks, lambda _: results.pop())) == 2
    assert stages(tenant.webhooks) == ["delivered"]


def test_only_the_scripted_attempts_are_forged() -> None:
    tenant = make_tenant(replying({"signature": "missing", "forgeries": 2}))
    submit(tenant)
    posts = run_out(
        tenant.webhooks, lambda post: DeliveryResult(200 if len(post.headers) == 5 else 401)
    )
    assert [len(post.headers) for post in posts] == [4, 4, 5]


# Order


def test_orders_wait_for_lower_ones_in_any_sequence() -> None:
    tenant = make_tenant(
        saying("a", {"order": 30}), saying("b", {"order": 10}), saying("c", {"order": 20})
    )
    for prompt in "acb":
        submit(tenant, prompt)
        if prompt != "b":
            assert deliver(tenant.webhooks) == []
    assert latest(tenant.webhooks).stage == "waiting"
    request_ids = [json.loads(post.body)["request_id"] for post in deliver(tenant.webhooks)]
    prompts = [tenant.queue.jobs[id_].call.input["prompt"] for id_ in request_ids]
    assert prompts == ["b", "c", "a"]


def test_an_order_waits_until_the_lower_one_is_finished() -> None:
    tenant = make_tenant(saying("a", {"order": 2}), saying("b", {"order": 1}))
    ids = {submit(tenant, prompt).id: prompt for prompt in "ab"}
    results = [DeliveryResult(200), DeliveryResult(200), DeliveryResult(500)]
    posts = run_out(tenant.webhooks, lambda _: results.pop())
    assert [ids[json.loads(post.body)["request_id"]] for post in posts] == ["b", "b", "a"]
    assert times(posts) == [0, 2.5, 2.5]


def test_behind_waits_for_the_webhook_of_another_exchange() -> None:
    tenant = make_tenant(saying("a", {"behind": "second"}), {**saying("b", "lost"), "id": "second"})
    submit(tenant, "a")
    assert deliver(tenant.webhooks) == []
    assert latest(tenant.webhooks).reason == 'it waits for the webhook of "second"'
    submit(tenant, "b")
    assert len(deliver(tenant.webhooks)) == 1
    assert stages(tenant.webhooks) == ["delivered", "never"]


# Journal and unfinished webhooks


def test_every_attempt_is_journalled_with_its_result() -> None:
    tenant = make_tenant(exchange(id="a"))
    job = submit(tenant)
    results = [
        DeliveryResult(200, "ok"),
        DeliveryResult(failure="cannot connect"),
        DeliveryResult(500, "oops\n" + "x" * 500),
    ]
    run_out(tenant.webhooks, lambda _: results.pop())
    entries = [entry for entry in tenant.journal if entry.kind == "webhook"]
    attempts = [(entry.at - START, entry.status) for entry in entries]
    assert attempts == [(0, 500), (2.5, 0), (41.5, 200)]
    assert [entry.note for entry in entries] == [
        f"{URL}: attempt 1 of 32: 500 after 0s: oops {'x' * 95}",
        f"{URL}: attempt 2 of 32: cannot connect after 0s",
        f"{URL}: attempt 3 of 32: 200 after 0s: ok",
    ]
    assert all((entry.request_id, entry.label) == (job.id, '"a"') for entry in entries)


def test_a_webhook_url_inside_the_input_is_journalled() -> None:
    tenant = make_tenant(exchange())
    tenant.submit(make_call(input_={"prompt": "x", "webhook_url": URL}))
    first, _ = tenant.journal
    assert first.kind == "lint"
    assert first.note.startswith("webhook_url in the input has no effect")
    assert tenant._webhooks is None


def test_secrets_in_a_url_are_sent_but_not_listed() -> None:
    tenant = make_tenant(exchange())
    url = "http://me:secret@127.0.0.1/x?fal_key=secret&a=1"
    submit(tenant, url=url)
    (post,) = deliver(tenant.webhooks)
    assert post.url == url
    assert "secret" not in str([entry.body() for entry in tenant.journal])
    assert "secret" not in str([delivery.body() for delivery in tenant.webhooks.deliveries])


def test_unfinished_webhooks_are_listed() -> None:
    tenant = make_tenant(
        saying("slow", {"after": "1h"}),
        {"reply": {"text": "x", "timeline": [{"IN_PROGRESS": {"forever": True}}]}},
    )
    slow, stuck = submit(tenant, "slow"), submit(tenant, "stuck")
    assert tenant.webhooks.unfinished() == [
        f"{stuck.id} to {URL}: the request has not ended",
        f"{slow.id} to {URL}: 0 attempts so far",
    ]


def test_a_stopped_attempt_is_kept_and_still_due() -> None:
    tenant = make_tenant(exchange())
    submit(tenant)
    post = tenant.webhooks.due()
    assert post is not None
    tenant.webhooks.on_attempt_done(post, DeliveryResult(failure="stopped", kind="stopped"))
    assert stages(tenant.webhooks) == ["waiting"]
    assert len(latest(tenant.webhooks).attempts) == 1
    assert len(tenant.webhooks.unfinished()) == 1
