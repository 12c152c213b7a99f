"""Applications that take webhooks, written from fal's docs alone, and the clients that ask."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import fal_client
import pytest

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.blackbox.driving import environment
from tests.blackbox.installing import JS_FOLDER, node_with_clients
from tests.building import exchange, scenario
from tests.receivers import WebhookReceiver, fetch_keys, verify

pytestmark = pytest.mark.blackbox

FORGERIES = ("bad", "missing", "stale", "unknown-key", "altered-body")
PROMPTS = ("good", "refused", *FORGERIES)


def webhook_scenario() -> dict[str, Any]:
    """A forged webhook for some prompts, tried once only as far as the test looks."""
    forged = [
        {
            "when": {"input": {"prompt": forgery}},
            "reply": {"text": "x", "webhook": {"signature": forgery}},
        }
        for forgery in FORGERIES
    ]
    refused = {"when": {"input": {"prompt": "refused"}}, "reply": {"fail": "no_media"}}
    return {**scenario(*forged, refused, exchange()), "jwks": {"keys": 2}}


async def test_an_aiohttp_application_accepts_what_is_genuine_and_nothing_else() -> None:
    async with (
        WebhookReceiver() as hook,
        FakeFalServer(webhook_scenario(), keep_alive=False) as fake,
    ):
        client = fal_client.AsyncClient(key="any:key")
        url = f"{fake.base_url('queue.fal.run')}/"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fal_client.client, "QUEUE_URL_FORMAT", url)
            handles = {
                prompt: await client.submit(
                    "fal-ai/any-llm", {"prompt": prompt}, webhook_url=hook.url
                )
                for prompt in PROMPTS
            }
            webhooks = fake.engine.tenants[0].webhooks
            while len(hook.received) < len(PROMPTS):
                await webhooks.clock.wait_until(float("inf"), webhooks.progress)
            result = await handles["good"].get()
        keys = await fetch_keys(f"{fake.base_url('rest.fal.ai')}/.well-known/jwks.json")
    ids = {handle.request_id: prompt for prompt, handle in handles.items()}
    verdicts, events = {}, {}
    for headers, body in hook.received:
        event = json.loads(body)
        prompt = ids[event["request_id"]]
        verdicts[prompt] = verify(keys, headers, body, time.time())
        events[prompt] = event
    assert verdicts == {**dict.fromkeys(FORGERIES, False), "good": True, "refused": True}
    assert events["good"]["payload"] == result
    assert (events["refused"]["status"], events["refused"]["error"]) == (
        "ERROR",
        "Invalid status code: 422",
    )


def test_an_express_application_accepts_what_is_genuine_and_nothing_else() -> None:
    node = node_with_clients()
    with ThreadedServer(FakeFalServer(webhook_scenario())) as fake:
        done = subprocess.run(
            [node, str(JS_FOLDER / "webhook_receiver.mjs"), fake.url, *PROMPTS],
            cwd=JS_FOLDER,
            env=environment("not used"),
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    prompts = {id_: prompt for prompt, id_ in seen["submitted"].items()}
    reasons = {prompts[it["body"]["request_id"]]: it["flaw"] for it in seen["came"]}
    assert reasons == {
        "good": "",
        "refused": "",
        "subscribed": "",
        "bad": "bad signature",
        "missing": "header missing",
        "stale": "too old or new",
        "unknown-key": "bad signature",
        "altered-body": "bad signature",
    }
    events = {prompts[it["body"]["request_id"]]: it["body"] for it in seen["came"]}
    assert events["subscribed"]["payload"] == seen["data"]
