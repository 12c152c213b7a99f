"""fal.run over HTTP: direct runs and streams (docs/reference/protocol.md#direct-runs)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from fakefal.engine.controls import Controls
from fakefal.engine.engine import Engine
from fakefal.protocol.sse import Decoder
from tests.building import exchange, scenario, timeline
from tests.callers import KEY, RUN, Caller, running_caller, wait_until, within_limit

APP = "/fal-ai/any-llm"
EVENT_STREAM = "text/event-stream; charset=utf-8"


def clock(caller: Caller) -> Any:
    engine: Engine = caller.server.engine
    return Controls.for_tenant(
        engine, next(tenant for tenant in engine.tenants if tenant.key == KEY)
    )


def streaming(caller: Caller, endpoint: str = "fal-ai/any-llm", **options: Any) -> Any:
    options.setdefault("json", {"prompt": "hi"})
    return caller.open_request("POST", f"/{endpoint}/stream", host=RUN, **options)


def paced(**stream: Any) -> dict[str, Any]:
    return scenario(exchange({"text": "a b c d e", "stream": stream}))


def outputs(data: bytes) -> list[str]:
    return [json.loads(event.data)["output"] for event in Decoder().feed(data)]


async def event(response: aiohttp.ClientResponse) -> str:
    """The output of the next event of a language model."""
    (text,) = outputs(await within_limit(response.content.readuntil(b"\r\n\r\n")))
    return text


async def silence(response: aiohttp.ClientResponse) -> bool:
    """Check that the server sends nothing more."""
    reading = asyncio.ensure_future(response.content.readany())
    for _ in range(50):
        await asyncio.sleep(0)
    is_silent = not reading.done()
    reading.cancel()
    await asyncio.wait([reading])
    return is_silent


# Runs


async def test_a_run_gives_the_bare_output_with_its_id_and_cost() -> None:
    async with running_caller(scenario(exchange())) as caller:
        response = await caller.run()
        assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
        assert response.headers["x-fal-request-id"]
        assert response.headers["x-fal-billable-units"] == "1"
        assert response.body == (
            b'{"output":"Ship it.","reasoning":null,"partial":false,"error":null}'
        )


async def test_a_run_of_a_premium_model_costs_more() -> None:
    async with running_caller(scenario(exchange())) as caller:
        response = await caller.run(json={"prompt": "hi", "model": "openai/gpt-4o"})
        assert response.headers["x-fal-billable-units"] == "10"


async def test_invalid_input_is_rejected_immediately_and_costs_nothing() -> None:
    async with running_caller() as caller:
        response = await caller.run(json={"prompt": "hi", "temperature": 3})
        assert (response.status, response.headers["x-fal-billable-units"]) == (422, "0")
        (item,) = response.json["detail"]
        assert (item["loc"], item["type"], item["ctx"]) == (
            ["body", "temperature"],
            "less_than_equal",
            {"le": 2},
        )


@pytest.mark.parametrize(
    ("data", "type_"),
    [(b'{"prompt":', "json_invalid"), (b"\xff", "json_invalid"), (b"", "missing")],
)
async def test_a_body_that_is_not_json_is_a_422(data: bytes, type_: str) -> None:
    async with running_caller() as caller:
        response = await caller.run(json=None, data=data)
        assert response.status == 422
        assert [item["type"] for item in response.json["detail"]] == [type_]


@pytest.mark.parametrize(
    ("fail", "status", "body", "headers"),
    [
        (
            "concurrent-requests-limit",
            429,
            {
                "detail": "Reached concurrent requests limit of 2",
                "type": "concurrent_requests_limit",
                "data": {"limit": 2},
            },
            {"X-Fal-Needs-Retry": "1"},
        ),
        (
            "runner_disconnected",
            503,
            {"detail": "Runner disconnected", "error_type": "runner_disconnected"},
            {"X-Fal-Error-Type": "runner_disconnected"},
        ),
    ],
)
async def test_a_failure_is_the_response_of_the_run(
    fail: str, status: int, body: Any, headers: dict[str, str]
) -> None:
    async with running_caller(scenario(exchange({"fail": fail}))) as caller:
        response = await caller.run()
        assert (response.status, response.json) == (status, body)
        assert headers.items() <= dict(response.headers).items()
        assert response.headers["x-fal-request-id"]


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_an_ingress_page_has_nothing_of_fal_in_it(status: int) -> None:
    async with running_caller(scenario(exchange({"fail": f"nginx-{status}"}))) as caller:
        response = await caller.run()
        assert response.status == status
        assert response.headers["Content-Type"] == "text/html"
        assert not [name for name in response.headers if name.lower().startswith("x-fal")]
        assert b"<center>nginx</center>" in response.body


async def test_the_ingress_page_is_that_of_nginx_byte_for_byte() -> None:
    async with running_caller(scenario(exchange({"fail": "nginx-502"}))) as caller:
        assert (await caller.run()).body == (
            b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
            b"<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n"
            b"</body>\r\n</html>\r\n"
        )


@pytest.mark.parametrize("path", [APP, f"{APP}/vision", f"{APP}/stream"])
async def test_a_get_of_a_model_is_a_405_after_the_key_check(path: str) -> None:
    async with running_caller() as caller:
        response = await caller.request("GET", path, host=RUN)
        assert (response.status, response.body) == (405, b'{"detail":"Method Not Allowed"}')
        assert (await caller.request("GET", path, host=RUN, key=None)).status == 401


@pytest.mark.parametrize("path", [APP, f"{APP}/stream"])
async def test_a_call_without_a_key_is_a_401_that_names_the_app(path: str) -> None:
    async with running_caller() as caller:
        response = await caller.request("POST", path, host=RUN, key=None, json={"prompt": "hi"})
        assert response.status == 401
        assert response.json["detail"].startswith('Cannot access application "fal-ai/any-llm".')


async def test_a_slow_run_responds_after_its_duration() -> None:
    async with running_caller(scenario(timeline({"IN_PROGRESS": {"for": "2s"}}))) as caller:
        await caller.run("fal-ai/any-llm", json={})
        run = asyncio.create_task(caller.run())
        await wait_until(lambda: clock(caller).tenant.clock._waiters)
        assert not run.done()
        clock(caller).advance("2s")
        assert (await within_limit(run)).status == 200


# Streams


async def test_a_language_models_stream_is_that_of_appendix_b_byte_for_byte() -> None:
    async with running_caller(scenario(exchange({"text": "Ship it."}))) as caller:
        response = await caller.request("POST", f"{APP}/stream", host=RUN, json={"prompt": "hi"})
        assert (response.status, response.headers["Content-Type"]) == (200, EVENT_STREAM)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Accel-Buffering"] == "no"
        assert response.headers["x-fal-request-id"]
        assert response.body == (
            b"event: event\r\n"
            b'data: {"output":"Ship","reasoning":null,"partial":true,"error":null}\r\n'
            b"\r\n"
            b"event: event\r\n"
            b'data: {"output":"Ship it.","reasoning":null,"partial":true,"error":null}\r\n'
            b"\r\n"
            b"event: event\r\n"
            b'data: {"output":"Ship it.","reasoning":null,"partial":false,"error":null}\r\n'
            b"\r\n"
        )


async def test_the_stream_of_another_app_has_only_data_lines() -> None:
    reply = {"stream": {"events": [{"progress": 0.5}, {"progress": 1}]}, "output": {"a": "é"}}
    async with running_caller(scenario(exchange(reply))) as caller:
        response = await caller.request("POST", "/fal-ai/flux/dev/stream", host=RUN, json={})
        assert response.headers["Content-Type"] == EVENT_STREAM
        assert response.body == (
            b'data: {"progress":0.5}\n\ndata: {"progress":1}\n\ndata: {"a":"\\u00e9"}\n\n'
        )


async def test_a_stream_is_ascii_so_that_no_character_can_be_cut() -> None:
    async with running_caller(scenario(exchange({"text": "naïve 🚢"}))) as caller:
        response = await caller.request("POST", f"{APP}/stream", host=RUN, json={"prompt": "hi"})
        assert response.body.isascii()
        assert outputs(response.body)[-1] == "naïve 🚢"


@pytest.mark.parametrize(
    ("options", "status"),
    [({"json": {}}, 422), ({"json": {"prompt": "fail"}}, 503), ({"key": None}, 401)],
)
async def test_a_failure_before_the_first_byte_is_json(
    options: dict[str, Any], status: int
) -> None:
    failing = exchange({"fail": "runner_disconnected"}, when={"input": {"prompt": "fail"}})
    async with (
        running_caller(scenario(failing, exchange())) as caller,
        streaming(caller, **options) as response,
    ):
        assert response.status == status
        assert response.headers["Content-Type"] == "application/json"
        assert (await response.json())["detail"]


async def test_a_stream_whose_template_fails_is_a_500_before_the_first_byte() -> None:
    reply = {"stream": {"events": [{"good": 1}, {"bad": "{{ input.missing }}"}]}}
    async with (
        running_caller(scenario(exchange(reply, id="broken"))) as caller,
        streaming(caller) as response,
    ):
        assert response.status == 500
        assert '"broken"' in (await response.json())["detail"]


async def test_nothing_of_a_paced_stream_comes_before_it_is_due() -> None:
    async with (
        running_caller(paced(first="1s", every="100ms")) as caller,
        streaming(caller) as response,
    ):
        assert await silence(response)
        clock(caller).advance(0.9)
        assert await silence(response)
        clock(caller).advance("100ms")
        assert await event(response) == "a"
        assert await silence(response)
        for expected in ("a b", "a b c"):
            clock(caller).advance(0.1)
            assert await event(response) == expected
        clock(caller).advance("1m")
        remainder = await response.content.read()
        assert outputs(remainder) == ["a b c d", "a b c d e", "a b c d e"]


async def test_events_that_are_due_together_are_sent_in_one_chunk() -> None:
    async with (
        running_caller(paced(every="1s")) as caller,
        streaming(caller) as response,
    ):
        assert await event(response) == "a"
        clock(caller).advance(3)
        piece, is_whole = b"", False
        while not (piece and is_whole):
            second, is_whole = await within_limit(response.content.readchunk())
            piece += second
        assert outputs(piece) == ["a b", "a b c", "a b c d"]


@pytest.mark.parametrize("step", ["1ms", "7ms", "100ms", "333ms", "1s"])
async def test_equal_waits_and_equal_jumps_bring_one_event_each(step: str) -> None:
    async with (
        running_caller(paced(first=step, every=step)) as caller,
        streaming(caller) as response,
    ):
        for expected in ("a", "a b", "a b c", "a b c d", "a b c d e"):
            clock(caller).advance(step)
            assert await event(response) == expected
        assert await silence(response)


async def test_on_the_instant_clock_a_paced_stream_does_not_wait() -> None:
    async with (
        running_caller(paced(first="1h", every="1h"), clock="instant") as caller,
        streaming(caller) as response,
    ):
        assert len(outputs(await response.read())) == 6


async def test_a_caller_may_leave_in_the_middle_of_a_stream() -> None:
    async with running_caller(paced(every="1s")) as caller:
        for _ in range(3):
            async with streaming(caller) as response:
                assert await event(response) == "a"
                response.close()
        clock(caller).advance(60)
        next_response = await caller.run()
        assert next_response.json["output"] == "a b c d e"


async def test_a_long_stream_is_sent_in_bounded_chunks() -> None:
    events = [{"n": number, "pad": "x" * 10_000} for number in range(50)]
    async with (
        running_caller(scenario(exchange({"stream": {"events": events}}))) as caller,
        streaming(caller, "fal-ai/flux") as response,
    ):
        pieces = [piece async for piece in response.content.iter_chunks()]
        assert sum(is_end for _, is_end in pieces) > 1
        data = b"".join(piece for piece, _ in pieces)
        got = [json.loads(event.data)["n"] for event in Decoder().feed(data)]
        assert got == list(range(50))


async def test_an_exchange_may_respond_to_a_get() -> None:
    health = exchange(
        {"output": {"asked": "{{ input.deep }}"}}, when={"endpoint": "me/*/health", "method": "GET"}
    )
    async with running_caller(scenario(health, exchange({"text": "Ship it."}))) as caller:
        response = await caller.request("GET", "/me/app/health?deep=1", host=RUN)
        assert (response.status, response.json) == (200, {"asked": "1"})
        assert response.headers["x-fal-request-id"]
        for method, path, status in (
            ("GET", "/me/app/other", 405),
            ("GET", APP, 405),
            ("POST", "/me/app/health", 200),
        ):
            response = await caller.request(method, path, host=RUN, json={"prompt": "hi"})
            assert response.status == status
        assert response.json["output"] == "Ship it."
        response = await caller.request("POST", "/me/app/health", json={"prompt": "hi"})
        assert response.status == 200  # the exchange for GET does not match
        journal = clock(caller).journal()
        assert [entry["exchange"] for entry in journal if entry["kind"] == "call"] == [
            "exchanges[0]"
        ] + ["exchanges[1]"] * 2


async def test_a_get_without_a_key_is_rejected_despite_an_exchange() -> None:
    health = exchange({"output": {}}, when={"endpoint": "me/app/health", "method": "GET"})
    async with running_caller(scenario(health)) as caller:
        assert (await caller.request("GET", "/me/app/health", host=RUN, key=None)).status == 401
