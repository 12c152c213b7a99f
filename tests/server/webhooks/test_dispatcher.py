"""Webhooks over real sockets, from a real server."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections import Counter
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fakefal.engine.core.clock import START
from fakefal.engine.webhooks.scheduler import WebhookScheduler
from fakefal.protocol.webhooks import RETRY_PAUSES
from fakefal.scenario.values.seeded import digest
from fakefal.server.tasks import Tasks
from fakefal.server.webhooks.dispatcher import WebhookDispatcher
from tests.building import exchange, make_engine, scenario, tenant_of, timeline
from tests.callers import Caller, running_caller, wait_until, within_limit
from tests.receivers import WebhookReceiver, fetch_keys, raw_receiver, verify
from tests.webhook_delivery import submit as engine_submit


async def submit(caller: Caller, url: str, prompt: str = "hi") -> str:
    return await caller.submit(json={"prompt": prompt}, params={"fal_webhook": url})


def webhooks_of(caller: Caller) -> WebhookScheduler:
    (tenant,) = caller.server.engine.tenants
    return tenant.webhooks


def states(caller: Caller) -> list[str]:
    return [delivery.stage for delivery in webhooks_of(caller).deliveries]


def prompts(caller: Caller, ids: list[str]) -> list[str]:
    (tenant,) = caller.server.engine.tenants
    return [tenant.queue.jobs[id_].call.input["prompt"] for id_ in ids]


async def wait_for_deliveries(caller: Caller, count: int = 1) -> None:
    """Wait until this many deliveries are over."""
    await wait_until(
        lambda: sum(delivery.is_over for delivery in webhooks_of(caller).deliveries) >= count
    )


def jwks_url(caller: Caller) -> str:
    return f"{caller.server.base_url('rest.fal.ai')}/.well-known/jwks.json"


@pytest.mark.parametrize("clock", ["manual", "instant", "real"])
async def test_a_job_without_polls_completes_and_is_delivered(clock: str) -> None:
    steps = [{"IN_QUEUE": {"for": "20ms"}}, {"IN_PROGRESS": {"for": "20ms", "polls": 5}}]
    async with (
        WebhookReceiver() as hook,
        running_caller(scenario(timeline(*steps)), clock=clock) as caller,
    ):
        id_ = await submit(caller, hook.url)
        if clock == "manual":
            caller.server.engine.tenants[0].clock.advance(0.04)
        await wait_for_deliveries(caller)
        assert hook.ids == [id_]
        assert states(caller) == ["delivered"]


async def test_at_a_scaled_clock_time_is_only_faster() -> None:
    steps = [{"IN_PROGRESS": {"for": "20s"}}]
    async with (
        WebhookReceiver() as hook,
        running_caller(scenario(timeline(*steps)), clock="real", speed=100) as c,
    ):
        await submit(c, hook.url)
        await wait_for_deliveries(c)
        assert len(hook.received) == 1


async def test_valid_signatures_are_accepted_and_forged_ones_are_not() -> None:
    forgeries = ["bad", "missing", "stale", "unknown-key", "altered-body"]
    exchanges = [
        {"when": {"input": {"prompt": forgery}}, "reply": {"webhook": {"signature": forgery}}}
        for forgery in forgeries
    ]
    async with (
        WebhookReceiver() as hook,
        running_caller(scenario(*exchanges, exchange())) as caller,
    ):
        ids = {await submit(caller, hook.url, prompt): prompt for prompt in [*forgeries, "good"]}
        await wait_for_deliveries(caller, 6)
        keys = await fetch_keys(jwks_url(caller))
        verdicts = {
            ids[json.loads(body)["request_id"]]: verify(keys, headers, body, START)
            for headers, body in hook.received
        }
        assert verdicts == {**dict.fromkeys(forgeries, False), "good": True}


@pytest.mark.parametrize("retries", [31, 10])
async def test_the_manual_clock_moves_through_the_whole_plan(retries: int) -> None:
    async with (
        WebhookReceiver(lambda _: 503) as hook,
        running_caller(scenario(exchange(), webhook_retries=retries)) as caller,
    ):
        await submit(caller, hook.url)
        clock = caller.server.engine.tenants[0].clock
        for number, pause in enumerate(RETRY_PAUSES[retries], 1):
            await wait_until(lambda number=number: len(hook.received) == number)  # type: ignore[misc]  # mypy sees no type in the default
            await wait_until(lambda: webhooks_of(caller).next_due() > clock.now())
            clock.advance(pause)
        await wait_for_deliveries(caller)
        stamps = [int(headers["X-Fal-Webhook-Timestamp"]) for headers, _ in hook.received]
        due = accumulate(RETRY_PAUSES[retries], initial=START)
        assert stamps == [int(at) for at in due]
        assert len({headers["X-Fal-Webhook-Signature"] for headers, _ in hook.received}) == len(
            stamps
        )
        assert len({body for _, body in hook.received}) == 1
        assert states(caller) == ["failed"]


async def test_a_silent_receiver_times_out_on_the_clock() -> None:
    async def silent(reader: asyncio.StreamReader, _: Any) -> None:
        await reader.read()

    async with raw_receiver(silent) as url, running_caller() as caller:
        await submit(caller, url)
        clock = caller.server.engine.tenants[0].clock
        await wait_until(lambda: states(caller) == ["sending"])
        clock.advance(14.9)
        await asyncio.sleep(0.01)
        assert states(caller) == ["sending"]
        clock.advance(0.1)
        await wait_until(lambda: states(caller) == ["waiting"])  # after the grace of a second
        (delivery,) = webhooks_of(caller).deliveries
        (attempt,) = delivery.attempts
        assert (attempt.seconds, attempt.result.failure) == (15, "no response within 15s")
        assert delivery.due_at == START + 17.5
        clock.advance(2.5)
        await wait_until(lambda: states(caller) == ["sending"])
        clock.advance(120)
        await wait_until(lambda: states(caller) == ["waiting"])
        assert delivery.attempts[1].result.failure == "no response within 120s"


async def test_advancing_the_clock_does_not_cut_off_a_response() -> None:
    release = asyncio.Event()

    class Slow(WebhookReceiver):
        async def respond(self, status: int, body: bytes) -> web.StreamResponse:
            await release.wait()
            return web.Response()

    async with Slow() as hook, running_caller() as caller:
        await submit(caller, hook.url)
        await wait_until(lambda: states(caller) == ["sending"])
        caller.server.engine.tenants[0].clock.advance(3600)
        await asyncio.sleep(0.01)
        release.set()
        await wait_for_deliveries(caller)
        (delivery,) = webhooks_of(caller).deliveries
        assert [(attempt.seconds, attempt.result.status) for attempt in delivery.attempts] == [
            (0, 200)
        ]


async def test_an_instant_clock_waits_for_a_response_for_a_limited_time() -> None:
    async def silent(reader: asyncio.StreamReader, _: Any) -> None:
        await reader.read()

    engine = make_engine([exchange()], clock="instant", options={"webhook_retries": 10})
    tasks = Tasks()
    dispatcher = WebhookDispatcher(tasks, (), Path(), instant_timeout_seconds=0.01)
    engine.watch_webhooks(dispatcher.watch)
    dispatcher.start()
    async with raw_receiver(silent) as url:
        engine_submit(tenant_of(engine), url=url)
        (delivery,) = tenant_of(engine).webhooks.deliveries
        await wait_until(lambda: delivery.is_over)
        await tasks.cancel_all()
        await dispatcher.stop()
    assert [attempt.seconds for attempt in delivery.attempts] == [15, *[120] * 10]


@pytest.mark.parametrize("path", ["early", "usual"])
async def test_the_submit_response_comes_first_unless_the_scenario_says_otherwise(
    path: str,
) -> None:
    webhook = "early" if path == "early" else {}
    async with (
        WebhookReceiver() as hook,
        running_caller(scenario(exchange({"text": "x", "webhook": webhook}))) as c,
    ):
        await submit(c, hook.url)
        came_before = len(hook.received)
        await wait_for_deliveries(c)
        assert len(hook.received) == 1
        if path == "early":
            assert came_before == 1


async def test_two_jobs_are_delivered_in_reverse_order() -> None:
    exchanges = [
        {"when": {"input": {"prompt": "a"}}, "reply": {"webhook": {"order": 2}}},
        {"when": {"input": {"prompt": "b"}}, "reply": {"webhook": {"order": 1}}},
    ]
    for clock in ("manual", "instant", "real"):
        async with (
            WebhookReceiver() as hook,
            running_caller(scenario(*exchanges), clock=clock) as caller,
        ):
            for prompt in "ab":
                await submit(caller, hook.url, prompt)
            await wait_for_deliveries(caller, 2)
            assert prompts(caller, hook.ids) == ["b", "a"]


async def test_one_jump_delivers_all_due_webhooks_in_order() -> None:
    seconds = {"a": 30, "b": 10, "c": 20, "d": 10}
    exchanges = [
        {"when": {"input": {"prompt": name}}, "reply": {"webhook": {"after": after}}}
        for name, after in seconds.items()
    ]
    async with WebhookReceiver() as hook, running_caller(scenario(*exchanges)) as caller:
        for name in seconds:
            await submit(caller, hook.url, name)
        caller.server.engine.tenants[0].clock.advance(3600)
        await wait_for_deliveries(caller, 4)
        assert prompts(caller, hook.ids) == ["b", "d", "c", "a"]


async def test_a_forbidden_target_is_blocked_and_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, logger="fakefal"):
        async with running_caller() as caller:
            await submit(caller, "https://user:pass@8.8.8.8/hook")
            await wait_for_deliveries(caller)
            assert states(caller) == ["refused"]
            notes = [tenant.note for tenant in caller.server.engine.tenants[0].journal]
    assert notes[-1] == (
        "https://8.8.8.8/hook: refused: 8.8.8.8 is neither loopback nor private — allow it with "
        "--webhook-allow 8.8.8.8"
    )
    assert "8.8.8.8 is neither loopback nor private" in caplog.text


def fails(number: int) -> bool:
    """Three of ten attempts, the same ones in each run."""
    return digest("receiver", str(number))[0] % 10 < 3


async def all_accepted(hook: WebhookReceiver, count: int) -> None:
    while len(hook.accepted) < count:  # noqa: ASYNC110 (the hook is a plain list)
        await asyncio.sleep(0.01)


async def test_a_thousand_jobs_get_through_to_a_receiver_that_fails_a_third_of_the_time() -> None:
    ordered = 50
    exchanges = [
        {
            "when": {"input": {"prompt": f"job {number}"}},
            "reply": {"text": "x", "webhook": {"order": ordered - number}},
        }
        for number in range(ordered)
    ]
    hook = WebhookReceiver(lambda number: 500 if fails(number) else 200)
    async with hook, running_caller(scenario(*exchanges, exchange()), clock="instant") as caller:
        ids = [await submit(caller, hook.url, f"job {number}") for number in range(1000)]
        await asyncio.wait_for(all_accepted(hook, 1000), 60)
        (tenant,) = caller.server.engine.tenants
        written = [entry for entry in tenant.journal if entry.kind == "webhook"]
        assert Counter(hook.accepted) == Counter(ids)
        assert [id_ for id_ in hook.accepted if id_ in ids[:ordered]] == ids[:ordered][::-1]
        assert len(written) == len(hook.received) > 1300
        assert [entry.request_id for entry in written] == hook.ids
        assert sum(entry.status == 500 for entry in written) == len(hook.received) - 1000


async def test_a_receiver_that_died_and_came_back_has_lost_nothing() -> None:
    async with WebhookReceiver() as hook, running_caller(clock="real") as caller:
        ids = [await submit(caller, hook.url, f"before {number}") for number in range(5)]
        await wait_for_deliveries(caller, 5)
        await hook.stop()
        ids += [await submit(caller, hook.url, f"meanwhile {number}") for number in range(20)]
        await wait_until(lambda: states(caller).count("waiting") == 20)
        await hook.start()
        webhooks_of(caller).redeliver()
        await wait_for_deliveries(caller, 25)
        assert sorted(hook.accepted) == sorted(ids)
        assert len(webhooks_of(caller).deliveries) == 25
        assert caller.server.unsent == []


async def test_a_real_clock_allows_concurrent_posts() -> None:
    class Slow(WebhookReceiver):
        at_once = most = 0

        async def respond(self, status: int, body: bytes) -> web.StreamResponse:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            await asyncio.sleep(0.02)
            self.at_once -= 1
            return web.Response()

    for clock in ("real", "instant"):
        async with Slow() as hook, running_caller(clock=clock) as caller:
            for number in range(20):
                await submit(caller, hook.url, str(number))
            await wait_for_deliveries(caller, 20)
            assert (hook.most > 1) is (clock == "real")  # how many more depends on the machine


async def test_stopping_lists_undelivered_webhooks_and_journals_them() -> None:
    async def silent(reader: asyncio.StreamReader, _: Any) -> None:
        await reader.read()

    late = {"when": {"input": {"prompt": "late"}}, "reply": {"webhook": "late"}}
    async with raw_receiver(silent) as url:
        async with running_caller(scenario(late, exchange())) as caller:
            late_id = await submit(caller, url, "late")
            silent_id = await submit(caller, url)
            await wait_until(lambda: "sending" in states(caller))
        assert caller.server.unsent == [
            f"{late_id} to {url}: 0 attempts so far",
            f"{silent_id} to {url}: 1 attempt so far",
        ]
        *_, last = caller.server.engine.tenants[0].journal
        assert last.note == f"{url}: attempt 1 of 32: fakefal was stopped after 0s"


async def test_a_reset_ends_running_attempts() -> None:
    async def silent(reader: asyncio.StreamReader, _: Any) -> None:
        await reader.read()

    async with raw_receiver(silent) as url, running_caller() as caller:
        await submit(caller, url)
        old = webhooks_of(caller)
        await wait_until(lambda: states(caller) == ["sending"])
        await within_limit(caller.request("POST", "/_fakefal/reset", host=None))
        await wait_until(lambda: old.deliveries[0].attempts)
        assert old.deliveries[0].attempts[0].result.kind == "stopped"
        assert caller.server.engine.tenants[0].webhooks.deliveries == ()


def test_a_server_without_webhooks_imports_nothing_for_them() -> None:
    code = (
        "import sys; from fakefal.server.server import FakeFalServer; FakeFalServer()\n"
        "heavy = ('cryptography', 'fakefal.server.webhooks.dispatcher',\n"
        "  'fakefal.engine.webhooks.scheduler', 'trustme',\n"
        "  'fakefal.ca.authority', 'platformdirs')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
