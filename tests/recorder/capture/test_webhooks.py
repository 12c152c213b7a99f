from __future__ import annotations

import asyncio
import time
from pathlib import Path

from fakefal.engine.webhooks.controls import WebhookControls
from fakefal.testing.receiver import Receiver
from tests.building import exchange, scenario
from tests.recorder.recording_proxy import recording


async def test_a_webhook_is_relayed_with_its_signature_and_recorded(tmp_path: Path) -> None:
    upstream = scenario(exchange({"output": {"n": 1}}))
    async with recording(tmp_path / "a.yaml", upstream) as setup:
        jwks = f"{setup.recorder.url}/rest.fal.ai/.well-known/jwks.json"
        with Receiver(jwks, time.time) as receiver:
            receiver.respond_with(500, 200)
            query = f"/acme/app?fal_webhook={receiver.url}&fal_max_queue_length=5"
            id_ = (await setup.caller.request("POST", query, json={})).json["request_id"]
            arrivals = await asyncio.to_thread(receiver.wait, 2)
    assert [(arrival.problem, arrival.request_id, arrival.reply) for arrival in arrivals] == [
        ("", id_, 500),
        ("", id_, 200),
    ]
    (exchange_,) = setup.loaded.exchanges
    reply = exchange_.model.reply
    assert reply is not None
    assert (reply.output, reply.webhook) == ({"n": 1}, None)


async def test_a_missing_receiver_makes_upstream_retry(tmp_path: Path) -> None:
    async with recording(tmp_path / "a.yaml", scenario(exchange())) as setup:
        query = "/acme/app?fal_webhook=http://127.0.0.1:9/hook"
        await setup.caller.request("POST", query, json={})
        (tenant,) = setup.upstream.engine.tenants
        while (
            not (deliveries := WebhookControls(tenant.webhooks).deliveries())
            or not deliveries[0]["attempts"]
        ):
            await asyncio.wait_for(tenant.clock.yield_to_loop(), 10)
        assert deliveries[0]["attempts"][0]["status"] == 502
