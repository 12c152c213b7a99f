from __future__ import annotations

import asyncio
import time
from pathlib import Path

from fakefal.engine.webhooks.controls import WebhookControls
from fakefal.testing.receiver import Receiver
from tests.building import exchange, scenario
from tests.recorder.recording_proxy import recording


async def test_a_webhook_comes_through_with_its_signature_and_is_recorded(tmp_path: Path) -> None:
    upstream = scenario(exchange({"output": {"n": 1}}))
    async with recording(tmp_path / "a.yaml", upstream) as both:
        jwks = f"{both.recorder.url}/rest.fal.ai/.well-known/jwks.json"
        with Receiver(jwks, time.time) as receiver:
            receiver.respond_with(500, 200)
            query = f"/acme/app?fal_webhook={receiver.url}&fal_max_queue_length=5"
            id_ = (await both.caller.request("POST", query, json={})).json["request_id"]
            arrivals = await asyncio.to_thread(receiver.wait, 2)
    assert [(it.problem, it.request_id, it.reply) for it in arrivals] == [
        ("", id_, 500),
        ("", id_, 200),
    ]
    (entry,) = both.loaded.exchanges
    reply = entry.model.reply
    assert reply is not None
    assert (reply.output, reply.webhook) == ({"n": 1}, None)


async def test_a_receiver_that_is_not_there_lets_upstream_try_again(tmp_path: Path) -> None:
    async with recording(tmp_path / "a.yaml", scenario(exchange())) as both:
        query = "/acme/app?fal_webhook=http://127.0.0.1:9/hook"
        await both.caller.request("POST", query, json={})
        (tenant,) = both.upstream.engine.tenants
        while not (told := WebhookControls(tenant).deliveries()) or not told[0]["attempts"]:
            await asyncio.wait_for(tenant.clock.yield_to_loop(), 10)
        assert told[0]["attempts"][0]["status"] == 502
