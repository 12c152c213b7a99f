"""Realtime sessions over real connections (docs/reference/realtime.md#realtime-sessions)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from fakefal.engine.controls import Controls
from fakefal.engine.tenant import Tenant
from fakefal.protocol.websocket.realtime import IDLE_SECONDS
from tests.building import exchange, scenario
from tests.callers import KEY, RUN, Caller, running_caller, wait_until
from tests.sockets import APP, Socket, open_realtime

TIMEOUT = {
    "type": "x-fal-error",
    "error": "TIMEOUT",
    "reason": "no inputs, reconnect when needed!",
}
ECHO = {"output": {"said": "{{ input.prompt }}", "count": "{{ count }}", "via": "{{ via }}"}}
SLOW = {**ECHO, "timeline": [{"IN_PROGRESS": {"for": "5s"}}]}
OUTPUT = {"said": "a", "count": 1, "via": "realtime"}


def failure(reason: str) -> dict[str, str]:
    return {"type": "x-fal-error", "error": "INTERNAL_ERROR", "reason": reason}


def tenant(caller: Caller) -> Tenant:
    return next(tenant for tenant in caller.server.engine.tenants if tenant.key == KEY)


def controls(caller: Caller) -> Controls:
    return Controls.for_tenant(caller.server.engine, tenant(caller))


def notes(caller: Caller, kind: str = "lint") -> list[str]:
    return [entry["note"] for entry in controls(caller).journal() if entry["kind"] == kind]


@asynccontextmanager
async def connected(
    *exchanges: dict[str, Any], query: str = "", clock: str = "manual", **options: Any
) -> AsyncIterator[tuple[Caller, Socket]]:
    data = scenario(*(exchanges or (exchange(ECHO),)), **options)
    async with (
        running_caller(data, clock=clock) as caller,
        open_realtime(caller, query=query) as websocket,
    ):
        yield caller, Socket(websocket)


async def test_each_input_is_a_call_and_its_output_a_frame() -> None:
    async with connected() as (caller, socket):
        assert await socket.request(prompt="a") == OUTPUT
        assert await socket.request(prompt="b") == {"said": "b", "count": 2, "via": "realtime"}
        opened, first, second = controls(caller).journal()
        assert (opened["kind"], opened["status"], opened["note"]) == ("socket", 101, "opened")
        assert (first["kind"], first["via"], first["status"]) == ("call", "realtime", 200)
        assert first["input"] == {"prompt": "a"}
        assert not [name for name in first["headers"] if name.startswith("sec-")]
        assert second["request_id"] != first["request_id"]


async def test_an_lcm_app_gives_the_request_id_back_and_images_as_bytes() -> None:
    input_ = {"prompt": "a", "request_id": "mine", "num_images": 2, "image_size": "square"}
    for endpoint, is_lcm in (("fal-ai/fast-lightning-sdxl", True), ("fal-ai/flux/dev", False)):
        data = scenario(exchange({"kind": "images"}))
        async with (
            running_caller(data) as caller,
            open_realtime(caller, endpoint) as websocket,
        ):
            output = await Socket(websocket).request(**input_)
            first, second = output["images"]
            if is_lcm:
                assert output["request_id"] == "mine"
                assert list(first) == [
                    "content", "content_type", "file_name", "file_size", "width", "height"
                ]  # fmt: skip
                assert first["content"].startswith(b"\x89PNG")
                assert len(first["content"]) == first["file_size"]
                assert first["content"] != second["content"]
            else:
                assert "request_id" not in output
                assert first["url"].startswith("https://v3")


async def test_exchanges_match_by_via_and_are_used_up() -> None:
    only = exchange({"output": {"n": 1}}, when={"via": "realtime"}, times=1)
    others = exchange({"output": {"n": 2}}, when={"via": "run"})
    async with connected(only, others) as (caller, socket):
        assert await socket.request(prompt="a") == {"n": 1}
        missed = await socket.request(prompt="a")
        assert missed["error"] == "INTERNAL_ERROR"
        assert missed["reason"].startswith("no exchange for acme/live (realtime); nearest: ")
        assert await socket.receive() == 1000
        assert len(tenant(caller).journal.misses) == 1


async def test_the_same_inputs_give_the_same_ids() -> None:
    ids = []
    for _ in range(2):
        async with connected(exchange({"output": {"id": "{{ request_id }}"}})) as (_, socket):
            ids.append([await socket.request(prompt="a") for _ in range(2)])
    assert ids[0] == ids[1]
    assert ids[0][0] != ids[0][1]


async def test_without_input_it_ends_with_a_timeout_on_the_tenants_clock() -> None:
    async with connected() as (caller, socket):
        await socket.request(prompt="a")
        controls(caller).advance(IDLE_SECONDS - 1)
        await socket.request(prompt="b")
        controls(caller).advance(IDLE_SECONDS - 1)
        assert (await socket.request(prompt="c"))["count"] == 3
        controls(caller).advance(IDLE_SECONDS)
        assert await socket.receive() == TIMEOUT
        assert await socket.receive() == 1000


async def test_the_instant_clock_gives_the_caller_time() -> None:
    async with connected(exchange(SLOW), clock="instant") as (caller, socket):
        for number in range(20):
            assert (await socket.request(prompt="a"))["count"] == number + 1
        controls(caller).advance(IDLE_SECONDS)
        assert await socket.receive() == TIMEOUT


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"fail": "runner_disconnected"}, "Runner disconnected"),
        ({"fail": "nginx-502"}, "502 Bad Gateway"),
        ({"output": [1]}, "Expected a dict or pydantic model as output, got <class 'list'>"),
        ({"output": {"a": "{{ input.missing }}"}}, "fakefal could not render the reply: "),
    ],
)
async def test_a_failure_ends_the_session(reply: dict[str, Any], reason: str) -> None:
    async with connected(exchange(reply)) as (_, socket):
        message = await socket.request(prompt="a")
        assert message["error"] == "INTERNAL_ERROR"
        assert reason in message["reason"]
        assert await socket.receive() == 1000


async def test_invalid_input_is_a_failure_too() -> None:
    async with running_caller() as caller, open_realtime(caller, "fal-ai/any-llm") as websocket:
        assert await Socket(websocket).request() == failure("body.prompt: Field required")


async def test_a_frame_that_is_not_msgpack_ends_the_session_and_is_journalled() -> None:
    async with connected() as (caller, socket):
        await socket.websocket.send_bytes(b"\x81\xa1a")
        assert await socket.receive() == failure("Unpack failed: incomplete input")
        assert await socket.receive() == 1000
        assert notes(caller, "refused") == ["realtime: Unpack failed: incomplete input"]


async def test_a_text_frame_is_ignored_and_journalled() -> None:
    async with connected() as (caller, socket):
        await socket.websocket.send_str('{"prompt": "text"}')
        assert await socket.request(prompt="a") == OUTPUT
        assert notes(caller) == ["a text frame was ignored: inputs are msgpack in binary frames"]
        (_, lint, _) = controls(caller).journal()
        assert lint["endpoint"] == APP


async def test_a_text_frame_is_the_error_of_the_sdk_if_the_option_says_so() -> None:
    async with connected(realtime_text="error") as (caller, socket):
        await socket.websocket.send_str("hello")
        assert await socket.receive() == failure("'bytes'")
        assert await socket.receive() == 1000
        assert notes(caller, "refused") == ["realtime: 'bytes'"]


async def test_a_text_frame_does_not_keep_the_session_open() -> None:
    async with connected() as (caller, socket):
        await socket.request(prompt="a")
        controls(caller).advance(IDLE_SECONDS - 1)
        await socket.websocket.send_str("still here")
        await wait_until(lambda: notes(caller))
        controls(caller).advance(1)
        assert await socket.receive() == TIMEOUT


async def test_inputs_wait_while_another_is_processed() -> None:
    async with connected(exchange(SLOW)) as (caller, socket):
        for prompt in "abc":
            await socket.send(prompt=prompt)
        messages = []
        for _ in range(3):
            await wait_until(lambda: tenant(caller)._direct_calls.in_flight)
            controls(caller).advance(5)
            messages.append((await socket.receive())["said"])
        assert messages == ["a", "b", "c"]
        assert notes(caller) == []


async def test_more_than_max_buffering_drops_the_oldest() -> None:
    async with connected(exchange(SLOW), query="?max_buffering=2") as (caller, socket):
        for prompt in "abcd":
            await socket.send(prompt=prompt)
        await wait_until(lambda: notes(caller))
        assert notes(caller) == [
            "the oldest input was dropped: too many inputs or bytes were waiting"
        ]
        messages = []
        for _ in range(3):
            await wait_until(lambda: tenant(caller)._direct_calls.in_flight)
            controls(caller).advance(5)
            messages.append((await socket.receive())["said"])
        assert messages == ["a", "c", "d"]


@pytest.mark.parametrize("query", ["?max_buffering=1", "?max_buffering=0", "?max_buffering=x"])
async def test_inputs_that_are_processed_immediately_are_never_dropped(query: str) -> None:
    async with connected(query=query) as (caller, socket):
        for number in range(50):
            await socket.send(prompt=str(number))
        assert [(await socket.receive())["said"] for _ in range(50)] == [
            str(expected) for expected in range(50)
        ]
        assert notes(caller) == []


async def test_a_slow_run_may_outlast_the_idle_timeout() -> None:
    reply = {**ECHO, "timeline": [{"IN_PROGRESS": {"for": "90s"}}]}
    async with connected(exchange(reply)) as (caller, socket):
        await socket.send(prompt="a")
        await wait_until(lambda: tenant(caller)._direct_calls.in_flight)
        controls(caller).advance(90)
        assert await socket.receive() == OUTPUT
        assert await socket.receive() == TIMEOUT


async def test_file_urls_can_be_reached_by_the_caller() -> None:
    async with running_caller(clock="instant") as caller:
        url = f"{caller.server.url}/fal.run/fal-ai/flux/dev/realtime"
        headers = {"Authorization": f"Key {KEY}"}
        async with caller.session.ws_connect(url, headers=headers) as websocket:
            image = (await Socket(websocket).request(prompt="a"))["images"][0]
        assert image["url"].startswith(caller.server.url)
        async with caller.session.get(image["url"]) as response:
            assert response.status == 200


# Faults


@pytest.mark.parametrize("fault", ["reset", "close"])
async def test_a_connection_fault_of_runs_breaks_the_socket(fault: str) -> None:
    data = exchange({**ECHO, "faults": {"run": [fault]}})
    async with connected(data) as (caller, socket):
        assert await socket.request(prompt="a") == 1006
        assert controls(caller).journal()[1]["note"].startswith("fault: ")


async def test_an_error_among_the_faults_of_runs_is_a_failure() -> None:
    async with connected(exchange({**ECHO, "faults": {"run": [503]}})) as (_, socket):
        message = await socket.request(prompt="a")
        assert message["error"] == "INTERNAL_ERROR"
        assert await socket.receive() == 1000


async def test_a_caller_that_leaves_cancels_its_run() -> None:
    async with running_caller(scenario(exchange(SLOW))) as caller:
        async with open_realtime(caller) as websocket:
            await Socket(websocket).send(prompt="a")
            await wait_until(lambda: tenant(caller)._direct_calls.in_flight)
        await wait_until(lambda: not tenant(caller)._direct_calls.in_flight)
        assert not len(tenant(caller).sockets)


async def test_a_caller_that_vanishes_cancels_its_run_too() -> None:
    async with running_caller(scenario(exchange(SLOW))) as caller:
        async with open_realtime(caller) as websocket:
            await Socket(websocket).send(prompt="a")
            await wait_until(lambda: tenant(caller)._direct_calls.in_flight)
            transport = websocket.get_extra_info("socket")
            assert transport is not None
            websocket._response.connection.transport.abort()
            await wait_until(lambda: not tenant(caller)._direct_calls.in_flight)
        assert not len(tenant(caller).sockets)


async def test_a_reset_ends_open_sessions() -> None:
    async with connected() as (caller, socket):
        await socket.request(prompt="a")
        caller.server.engine.reset_tenant(KEY)
        assert await socket.receive() == 1001


# Authorization


async def rejection_status(caller: Caller, query: str = "", **options: Any) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with open_realtime(caller, query=query, **options):
            pass
    return caught.value.status


async def app_token_query(caller: Caller, app: str = "live", seconds: int = 120) -> str:
    body = {"allowed_apps": [app], "token_expiration": seconds}
    response = await caller.request("POST", "/tokens/", host="rest.fal.ai", json=body)
    assert isinstance(response.json, str)
    return f"?fal_jwt_token={response.json}"


async def test_a_token_opens_the_socket_of_its_app() -> None:
    async with (
        running_caller(scenario(exchange(ECHO))) as caller,
        open_realtime(caller, query=await app_token_query(caller), key=None) as websocket,
    ):
        assert await Socket(websocket).request(prompt="a") == OUTPUT


async def test_unauthorized_callers_are_rejected_before_the_upgrade() -> None:
    async with running_caller(scenario(exchange(ECHO))) as caller:
        assert await rejection_status(caller, key=None) == 401
        assert await rejection_status(caller, "?fal_jwt_token=wrong", key=None) == 401
        assert (
            await rejection_status(caller, await app_token_query(caller, "other"), key=None) == 403
        )
        token = await app_token_query(caller, seconds=10)
        controls(caller).advance(10)
        assert await rejection_status(caller, token, key=None) == 401


async def test_a_get_without_an_upgrade_is_an_ordinary_get() -> None:
    async with running_caller() as caller:
        path = f"/{APP}/realtime"
        assert (await caller.request("GET", path, host=RUN)).status == 405
        assert (await caller.request("GET", path, host=RUN, key=None)).status == 401


async def test_a_malformed_upgrade_is_refused() -> None:
    async with running_caller() as caller:
        headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        response = await caller.request("GET", f"/{APP}/realtime", host=RUN, headers=headers)
        assert response.status == 400


async def test_ten_sockets_of_two_keys_are_independent() -> None:
    async def one(caller: Caller, number: int) -> list[Any]:
        async with open_realtime(caller, key=f"key:{number % 2}") as websocket:
            return [await Socket(websocket).request(prompt=str(number)) for _ in range(5)]

    async with running_caller(scenario(exchange(ECHO))) as caller:
        sessions = await asyncio.gather(*(one(caller, number) for number in range(10)))
        assert [{message["said"] for message in session} for session in sessions] == [
            {str(n)} for n in range(10)
        ]
        counts = sorted(message["count"] for session in sessions for message in session)
        assert counts == sorted([*range(1, 26)] * 2)
