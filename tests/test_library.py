"""Each scenario of the library does what its header says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fakefal.protocol import sse
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from fakefal.testing.fixture import FakeFal
from fakefal.testing.receiver import Receiver
from tests.callers import RUN, Caller, running_caller

LIBRARY = Path(__file__).parents[1] / "scenarios"
ANY_LLM = "fal-ai/any-llm"


async def run(caller: Caller, prompt: str, endpoint: str = ANY_LLM, **fields: Any) -> Any:
    response = await caller.run(endpoint, json={"prompt": prompt, **fields})
    return response.json


async def test_chat_streams_in_every_way() -> None:
    async with running_caller(LIBRARY / "chat-streaming.yaml", clock="instant") as caller:
        counts = {}
        for prompt in ("words", "characters", "three", "listed"):
            response = await caller.request(
                "POST", f"/{ANY_LLM}/stream", host=RUN, json={"prompt": prompt}
            )
            counts[prompt] = len(sse.Decoder().feed(response.body))
    assert counts == {"words": 6, "characters": 11, "three": 4, "listed": 4}


async def test_a_long_queue_counts_down() -> None:
    async with running_caller(LIBRARY / "long-queue.yaml", clock="instant") as caller:
        id_ = await caller.submit(json={"prompt": "patience"})
        path = f"/{ANY_LLM}/requests/{id_}"
        bodies = [(await caller.request("GET", f"{path}/status")).json for _ in range(6)]
    assert [body.get("queue_position") for body in bodies] == [12, 3, 3, 0, None, None]
    assert bodies[-1]["status"] == "COMPLETED"


async def test_images_are_files_that_can_be_read() -> None:
    async with running_caller(LIBRARY / "images.yaml", clock="instant") as caller:
        image = (await run(caller, "an orange cat", "fal-ai/fast-sdxl"))["images"][0]
        path = image["url"].removeprefix("https://v3b.fal.media")
        read = await caller.request("GET", path, host="v3b.fal.media", key=None)
    assert (read.status, read.body) == (200, (LIBRARY / "files" / "cat.png").read_bytes())


async def test_reasoning_is_for_calls_that_request_it() -> None:
    async with running_caller(LIBRARY / "reasoning.yaml", clock="instant") as caller:
        with_reasoning = await run(caller, "a riddle", reasoning=True)
        without = await run(caller, "a riddle")
        broken = await run(caller, "a proof", reasoning=True)
        stream = await caller.request(
            "POST", f"/{ANY_LLM}/stream", host=RUN, json={"prompt": "riddle", "reasoning": True}
        )
    assert (with_reasoning["output"], with_reasoning["reasoning"][:6]) == (
        "It is an egg.",
        "An egg",
    )
    assert without["reasoning"] is None
    assert broken["error"].startswith("The model ran out of tokens")
    first = json.loads(sse.Decoder().feed(stream.body)[0].data)
    assert (first["output"], first["reasoning"]) == ("", "An")


async def test_vision_looks_at_pictures() -> None:
    vision = f"{ANY_LLM}/vision"
    async with running_caller(LIBRARY / "vision.yaml", clock="instant") as caller:
        url = "https://x.test/{}.png".format
        missing = await run(caller, "x", vision, image_url=url("missing"))
        tiny = await run(caller, "x", vision, image_url=url("tiny"))
        one = await run(caller, "What is it?", vision, image_url=url("cat"))
        several = await run(caller, "x", vision, image_urls=[url("a"), url("b"), url("c")])
        router = await run(caller, "x", "openrouter/router/vision", model="m")
    assert missing["detail"][0]["type"] == "file_download_error"
    assert tiny["detail"][0]["ctx"] == {"min_height": 64, "min_width": 64}
    assert one["output"] == "An orange cat, asleep. You asked: What is it?"
    assert several["output"] == "3 pictures of the same cat."
    assert router["usage"]["total_tokens"] == 267


FAMILIES = {
    "model": [422],
    "old": [422],
    "request": [503],
    "timeout": [504],
    "app": [503],
    "account": [403],
    "key": [401],
    "busy": [429, 429, 200],
    "routing": [404],
    "ingress": [502, 200],
    "soft": [200],
}


async def test_every_family_of_errors_is_there() -> None:
    async with running_caller(LIBRARY / "error-families.yaml", clock="instant") as caller:
        statuses = {
            prompt: [(await caller.run(json={"prompt": prompt})).status for _ in expected]
            for prompt, expected in FAMILIES.items()
        }
    assert statuses == FAMILIES


async def test_a_connection_is_lost_once() -> None:
    async with running_caller(LIBRARY / "error-families.yaml", clock="instant") as caller:
        with pytest.raises(aiohttp.ClientError):
            await caller.run(json={"prompt": "connection"})
        assert (await run(caller, "connection"))["output"] == "reconnected"


WEBHOOKS = {
    "twice": ["OK valid", "OK valid"],
    "early": ["OK valid"],
    "late": ["OK valid"],
    "lost": [],
    "forged": ["OK forged", "OK valid"],
    "retried": ["OK valid, another attempt"],
    "failed": ["ERROR valid"],
    "unserializable": ["OK valid, no payload"],
}


@pytest.mark.parametrize("prompt", WEBHOOKS)
def test_webhook_faults(prompt: str, fakefal: FakeFal, fakefal_receiver: Receiver) -> None:
    import fal_client

    fakefal.load(LIBRARY / "webhook-troubles.yaml")
    fal_client.submit(ANY_LLM, {"prompt": prompt}, webhook_url=fakefal_receiver.url)
    fakefal.webhooks.wait_idle()
    deliveries = []
    for arrival in fakefal_receiver.arrivals:
        body = arrival.body
        words = [f"{body['status']} {'valid' if arrival.is_verified else 'forged'}"]
        words += ["another attempt"] * (body["gateway_request_id"] != arrival.request_id)
        words += ["no payload"] * ("payload_error" in body)
        deliveries.append(", ".join(words))
    assert deliveries == WEBHOOKS[prompt]


@pytest.mark.blackbox
def test_the_recorded_session_is_replayed(fakefal: FakeFal) -> None:
    import fal_client

    fakefal.load(LIBRARY / "recorded-session.yaml")
    updates: list[str] = []
    input_ = {"prompt": "Write a tagline for a bakery", "model": "google/gemini-flash-1.5"}
    text = fal_client.subscribe(
        ANY_LLM,
        input_,
        with_logs=True,
        on_queue_update=lambda update: updates.append(type(update).__name__),
    )
    assert text["output"] == "Risen early, gone by noon.\n"
    assert updates == ["Queued", "Queued", "Queued", "InProgress", "InProgress", "Completed"]
    *_, last = fal_client.stream(ANY_LLM, {"prompt": "Say it more slowly"})
    assert last["output"] == "Risen early,\ngone by noon."
    image = fal_client.subscribe(
        "fal-ai/flux/schnell", {"prompt": "a loaf of bread", "num_images": 1}
    )
    assert image["images"][0]["width"] == 96
    with pytest.raises(fal_client.FalClientHTTPError, match="content checker"):
        fal_client.subscribe(ANY_LLM, {"prompt": "Something rude"})
    fakefal.assert_no_misses()


def test_a_recording_is_served_by_an_instant_clock(tmp_path: Path) -> None:
    recording = LIBRARY / "recorded-session.yaml"
    with ThreadedServer(FakeFalServer(recording, clock="instant")) as fake:
        assert fake.settings.clock == "instant"
