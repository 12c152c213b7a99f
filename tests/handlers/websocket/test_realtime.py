"""Realtime sockets over real ones (protocol.md section 11.1)."""

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
ANSWER = {"said": "a", "count": 1, "via": "realtime"}


def failed(reason: str) -> dict[str, str]:
    return {"type": "x-fal-error", "error": "INTERNAL_ERROR", "reason": reason}


def tenant(caller: Caller) -> Tenant:
    return next(it for it in caller.server.engine.tenants if it.key == KEY)


def controls(caller: Caller) -> Controls:
    return Controls.for_tenant(caller.server.engine, tenant(caller))


def notes(caller: Caller, kind: str = "lint") -> list[str]:
    return [line["note"] for line in controls(caller).journal() if line["kind"] == kind]


@asynccontextmanager
async def talking(
    *exchanges: dict[str, Any], query: str = "", clock: str = "manual", **options: Any
) -> AsyncIterator[tuple[Caller, Socket]]:
    given = scenario(*(exchanges or (exchange(ECHO),)), **options)
    async with (
        running_caller(given, clock=clock) as caller,
        open_realtime(caller, query=query) as line,
    ):
        yield caller, Socket(line)


async def test_each_input_is_a_call_and_its_output_a_frame() -> None:
    async with talking() as (caller, socket):
        assert await socket.request(prompt="a") == ANSWER
        assert await socket.request(prompt="b") == {"said": "b", "count": 2, "via": "realtime"}
        opened, first, second = controls(caller).journal()
        assert (opened["kind"], opened["status"], opened["note"]) == ("socket", 101, "opened")
        assert (first["kind"], first["via"], first["status"]) == ("call", "realtime", 200)
        assert first["input"] == {"prompt": "a"}
        assert not [name for name in first["headers"] if name.startswith("sec-")]
        assert second["request_id"] != first["request_id"]


async def test_exchanges_are_chosen_by_via_and_used_up() -> None:
    only = exchange({"output": {"n": 1}}, when={"via": "realtime"}, times=1)
    others = exchange({"output": {"n": 2}}, when={"via": "run"})
    async with talking(only, others) as (caller, socket):
        assert await socket.request(prompt="a") == {"n": 1}
        missed = await socket.request(prompt="a")
        assert missed["error"] == "INTERNAL_ERROR"
        assert missed["reason"].startswith("no exchange for acme/live (realtime); nearest: ")
        assert await socket.receive() == 1000
        assert len(tenant(caller).journal.misses) == 1


async def test_the_same_inputs_give_the_same_ids() -> None:
    ids = []
    for _ in range(2):
        async with talking(exchange({"output": {"id": "{{ request_id }}"}})) as (_, socket):
            ids.append([await socket.request(prompt="a") for _ in range(2)])
    assert ids[0] == ids[1]
    assert ids[0][0] != ids[0][1]


async def test_without_input_it_ends_with_a_timeout_on_the_tenants_clock() -> None:
    async with talking() as (caller, socket):
        await socket.request(prompt="a")
        controls(caller).advance(IDLE_SECONDS - 1)
        await socket.request(prompt="b")
        controls(caller).advance(IDLE_SECONDS - 1)
        assert (await socket.request(prompt="c"))["count"] == 3
        controls(caller).advance(IDLE_SECONDS)
        assert await socket.receive() == TIMEOUT
        assert await socket.receive() == 1000


async def test_the_instant_clock_gives_the_caller_time() -> None:
    async with talking(exchange(SLOW), clock="instant") as (caller, socket):
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
    async with talking(exchange(reply)) as (_, socket):
        heard = await socket.request(prompt="a")
        assert heard["error"] == "INTERNAL_ERROR"
        assert reason in heard["reason"]
        assert await socket.receive() == 1000


async def test_input_that_the_model_refuses_is_a_failure_too() -> None:
    async with running_caller() as caller, open_realtime(caller, "fal-ai/any-llm") as line:
        assert await Socket(line).request() == failed("body.prompt: Field required")


async def test_a_frame_that_is_no_msgpack_ends_the_session_and_is_noted() -> None:
    async with talking() as (caller, socket):
        await socket.websocket.send_bytes(b"\x81\xa1a")
        assert await socket.receive() == failed("Unpack failed: incomplete input")
        assert await socket.receive() == 1000
        assert notes(caller, "refused") == ["realtime: Unpack failed: incomplete input"]


async def test_a_text_frame_is_ignored_and_noted() -> None:
    async with talking() as (caller, socket):
        await socket.websocket.send_str('{"prompt": "text"}')
        assert await socket.request(prompt="a") == ANSWER
        assert notes(caller) == ["a text frame was ignored: inputs are msgpack in binary frames"]
        (_, lint, _) = controls(caller).journal()
        assert lint["endpoint"] == APP


async def test_a_text_frame_is_the_error_of_the_sdk_if_the_option_says_so() -> None:
    async with talking(realtime_text="error") as (caller, socket):
        await socket.websocket.send_str("hello")
        assert await socket.receive() == failed("'bytes'")
        assert await socket.receive() == 1000
        assert notes(caller, "refused") == ["realtime: 'bytes'"]


async def test_a_text_frame_is_no_input_that_keeps_the_session_open() -> None:
    async with talking() as (caller, socket):
        await socket.request(prompt="a")
        controls(caller).advance(IDLE_SECONDS - 1)
        await socket.websocket.send_str("still here")
        await wait_until(lambda: notes(caller))
        controls(caller).advance(1)
        assert await socket.receive() == TIMEOUT


async def test_inputs_that_come_meanwhile_wait() -> None:
    async with talking(exchange(SLOW)) as (caller, socket):
        for prompt in "abc":
            await socket.send(prompt=prompt)
        heard = []
        for _ in range(3):
            await wait_until(lambda: tenant(caller)._direct_calls.in_flight)
            controls(caller).advance(5)
            heard.append((await socket.receive())["said"])
        assert heard == ["a", "b", "c"]
        assert notes(caller) == []


async def test_more_than_max_buffering_drops_the_oldest() -> None:
    async with talking(exchange(SLOW), query="?max_buffering=2") as (caller, socket):
        for prompt in "abcd":
            await socket.send(prompt=prompt)
        await wait_until(lambda: notes(caller))
        assert notes(caller) == [
            "the oldest input was dropped: too many, or too long ones, were waiting"
        ]
        heard = []
        for _ in range(3):
            await wait_until(lambda: tenant(caller)._direct_calls.in_flight)
            controls(caller).advance(5)
            heard.append((await socket.receive())["said"])
        assert heard == ["a", "c", "d"]


@pytest.mark.parametrize("query", ["?max_buffering=1", "?max_buffering=0", "?max_buffering=x"])
async def test_what_is_answered_at_once_is_never_dropped(query: str) -> None:
    async with talking(query=query) as (caller, socket):
        for number in range(50):
            await socket.send(prompt=str(number))
        assert [(await socket.receive())["said"] for _ in range(50)] == [
            str(it) for it in range(50)
        ]
        assert notes(caller) == []


async def test_a_run_that_takes_its_time_outlasts_the_silence() -> None:
    reply = {**ECHO, "timeline": [{"IN_PROGRESS": {"for": "90s"}}]}
    async with talking(exchange(reply)) as (caller, socket):
        await socket.send(prompt="a")
        await wait_until(lambda: tenant(caller)._direct_calls.in_flight)
        controls(caller).advance(90)
        assert await socket.receive() == ANSWER
        assert await socket.receive() == TIMEOUT


async def test_files_are_linked_as_the_caller_can_reach_them() -> None:
    async with running_caller(clock="instant") as caller:
        url = f"{caller.server.url}/fal.run/fal-ai/flux/dev/realtime"
        headers = {"Authorization": f"Key {KEY}"}
        async with caller.session.ws_connect(url, headers=headers) as line:
            image = (await Socket(line).request(prompt="a"))["images"][0]
        assert image["url"].startswith(caller.server.url)
        async with caller.session.get(image["url"]) as response:
            assert response.status == 200


# Trouble


@pytest.mark.parametrize("fault", ["reset", "close"])
async def test_a_connection_fault_of_runs_breaks_the_socket(fault: str) -> None:
    given = exchange({**ECHO, "faults": {"run": [fault]}})
    async with talking(given) as (caller, socket):
        assert await socket.request(prompt="a") == 1006
        assert controls(caller).journal()[1]["note"].startswith("fault: ")


async def test_a_refusal_among_the_faults_of_runs_is_an_error() -> None:
    async with talking(exchange({**ECHO, "faults": {"run": [503]}})) as (_, socket):
        heard = await socket.request(prompt="a")
        assert heard["error"] == "INTERNAL_ERROR"
        assert await socket.receive() == 1000


async def test_a_caller_that_leaves_ends_what_runs_for_it() -> None:
    async with running_caller(scenario(exchange(SLOW))) as caller:
        async with open_realtime(caller) as line:
            await Socket(line).send(prompt="a")
            await wait_until(lambda: tenant(caller)._direct_calls.in_flight)
        await wait_until(lambda: not tenant(caller)._direct_calls.in_flight)
        assert not len(tenant(caller).sockets)


async def test_a_caller_that_vanishes_ends_it_too() -> None:
    async with running_caller(scenario(exchange(SLOW))) as caller:
        async with open_realtime(caller) as line:
            await Socket(line).send(prompt="a")
            await wait_until(lambda: tenant(caller)._direct_calls.in_flight)
            transport = line.get_extra_info("socket")
            assert transport is not None
            line._response.connection.transport.abort()
            await wait_until(lambda: not tenant(caller)._direct_calls.in_flight)
        assert not len(tenant(caller).sockets)


async def test_a_reset_ends_open_sessions() -> None:
    async with talking() as (caller, socket):
        await socket.request(prompt="a")
        caller.server.engine.reset_tenant(KEY)
        assert await socket.receive() == 1001


# Who may


async def refused(caller: Caller, query: str = "", **more: Any) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with open_realtime(caller, query=query, **more):
            pass
    return caught.value.status


async def granted(caller: Caller, app: str = "live", seconds: int = 120) -> str:
    body = {"allowed_apps": [app], "token_expiration": seconds}
    heard = await caller.request("POST", "/tokens/", host="rest.fal.ai", json=body)
    assert isinstance(heard.json, str)
    return f"?fal_jwt_token={heard.json}"


async def test_a_token_opens_the_socket_of_its_app() -> None:
    async with (
        running_caller(scenario(exchange(ECHO))) as caller,
        open_realtime(caller, query=await granted(caller), key=None) as line,
    ):
        assert await Socket(line).request(prompt="a") == ANSWER


async def test_who_has_no_right_is_refused_before_the_upgrade() -> None:
    async with running_caller(scenario(exchange(ECHO))) as caller:
        assert await refused(caller, key=None) == 401
        assert await refused(caller, "?fal_jwt_token=wrong", key=None) == 401
        assert await refused(caller, await granted(caller, "other"), key=None) == 403
        token = await granted(caller, seconds=10)
        controls(caller).advance(10)
        assert await refused(caller, token, key=None) == 401


async def test_a_get_that_asks_for_no_upgrade_is_any_get() -> None:
    async with running_caller() as caller:
        path = f"/{APP}/realtime"
        assert (await caller.request("GET", path, host=RUN)).status == 405
        assert (await caller.request("GET", path, host=RUN, key=None)).status == 401


async def test_a_malformed_upgrade_is_refused() -> None:
    async with running_caller() as caller:
        headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        heard = await caller.request("GET", f"/{APP}/realtime", host=RUN, headers=headers)
        assert heard.status == 400


async def test_ten_sockets_of_two_keys_do_not_meet() -> None:
    async def one(caller: Caller, number: int) -> list[Any]:
        async with open_realtime(caller, key=f"key:{number % 2}") as line:
            return [await Socket(line).request(prompt=str(number)) for _ in range(5)]

    async with running_caller(scenario(exchange(ECHO))) as caller:
        heard = await asyncio.gather(*(one(caller, number) for number in range(10)))
        assert [{it["said"] for it in each} for each in heard] == [{str(n)} for n in range(10)]
        counts = sorted(it["count"] for each in heard for it in each)
        assert counts == sorted([*range(1, 26)] * 2)
