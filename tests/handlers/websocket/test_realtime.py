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
from tests.callers import KEY, RUN, Caller, calling, until
from tests.sockets import APP, Socket, opening
from tests.worlds import exchange, scenario

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
    return next(it for it in caller.fake.engine.tenants if it.key == KEY)


def controls(caller: Caller) -> Controls:
    return Controls.of(caller.fake.engine, tenant(caller))


def notes(caller: Caller, kind: str = "lint") -> list[str]:
    return [line["note"] for line in controls(caller).journal() if line["kind"] == kind]


@asynccontextmanager
async def talking(
    *exchanges: dict[str, Any], query: str = "", clock: str = "manual", **options: Any
) -> AsyncIterator[tuple[Caller, Socket]]:
    given = scenario(*(exchanges or (exchange(ECHO),)), **options)
    async with calling(given, clock=clock) as caller, opening(caller, query=query) as line:
        yield caller, Socket(line)


async def test_each_input_is_a_call_and_its_output_a_frame() -> None:
    async with talking() as (caller, socket):
        assert await socket.asked(prompt="a") == ANSWER
        assert await socket.asked(prompt="b") == {"said": "b", "count": 2, "via": "realtime"}
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
        assert await socket.asked(prompt="a") == {"n": 1}
        missed = await socket.asked(prompt="a")
        assert missed["error"] == "INTERNAL_ERROR"
        assert missed["reason"].startswith("no exchange for acme/live (realtime); nearest: ")
        assert await socket.heard() == 1000
        assert len(tenant(caller).journal.misses) == 1


async def test_the_same_inputs_give_the_same_ids() -> None:
    ids = []
    for _ in range(2):
        async with talking(exchange({"output": {"id": "{{ request_id }}"}})) as (_, socket):
            ids.append([await socket.asked(prompt="a") for _ in range(2)])
    assert ids[0] == ids[1]
    assert ids[0][0] != ids[0][1]


async def test_without_input_it_ends_with_a_timeout_on_the_tenants_clock() -> None:
    async with talking() as (caller, socket):
        await socket.asked(prompt="a")
        controls(caller).advance(IDLE_SECONDS - 1)
        await socket.asked(prompt="b")
        controls(caller).advance(IDLE_SECONDS - 1)
        assert (await socket.asked(prompt="c"))["count"] == 3
        controls(caller).advance(IDLE_SECONDS)
        assert await socket.heard() == TIMEOUT
        assert await socket.heard() == 1000


async def test_the_instant_clock_gives_the_caller_time() -> None:
    async with talking(exchange(SLOW), clock="instant") as (caller, socket):
        for number in range(20):
            assert (await socket.asked(prompt="a"))["count"] == number + 1
        controls(caller).advance(IDLE_SECONDS)
        assert await socket.heard() == TIMEOUT


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
        heard = await socket.asked(prompt="a")
        assert heard["error"] == "INTERNAL_ERROR"
        assert reason in heard["reason"]
        assert await socket.heard() == 1000


async def test_input_that_the_model_refuses_is_a_failure_too() -> None:
    async with calling() as caller, opening(caller, "fal-ai/any-llm") as line:
        assert await Socket(line).asked() == failed("body.prompt: Field required")


async def test_a_frame_that_is_no_msgpack_ends_the_session_and_is_noted() -> None:
    async with talking() as (caller, socket):
        await socket.line.send_bytes(b"\x81\xa1a")
        assert await socket.heard() == failed("Unpack failed: incomplete input")
        assert await socket.heard() == 1000
        assert notes(caller, "refused") == ["realtime: Unpack failed: incomplete input"]


async def test_a_text_frame_is_ignored_and_noted() -> None:
    async with talking() as (caller, socket):
        await socket.line.send_str('{"prompt": "text"}')
        assert await socket.asked(prompt="a") == ANSWER
        assert notes(caller) == ["a text frame was ignored: inputs are msgpack in binary frames"]
        (_, lint, _) = controls(caller).journal()
        assert lint["endpoint"] == APP


async def test_a_text_frame_is_the_error_of_the_sdk_if_the_option_says_so() -> None:
    async with talking(realtime_text="error") as (caller, socket):
        await socket.line.send_str("hello")
        assert await socket.heard() == failed("'bytes'")
        assert await socket.heard() == 1000
        assert notes(caller, "refused") == ["realtime: 'bytes'"]


async def test_a_text_frame_is_no_input_that_keeps_the_session_open() -> None:
    async with talking() as (caller, socket):
        await socket.asked(prompt="a")
        controls(caller).advance(IDLE_SECONDS - 1)
        await socket.line.send_str("still here")
        await until(lambda: notes(caller))
        controls(caller).advance(1)
        assert await socket.heard() == TIMEOUT


async def test_inputs_that_come_meanwhile_wait() -> None:
    async with talking(exchange(SLOW)) as (caller, socket):
        for prompt in "abc":
            await socket.send(prompt=prompt)
        heard = []
        for _ in range(3):
            await until(lambda: tenant(caller)._direct.in_flight)
            controls(caller).advance(5)
            heard.append((await socket.heard())["said"])
        assert heard == ["a", "b", "c"]
        assert notes(caller) == []


async def test_more_than_max_buffering_drops_the_oldest() -> None:
    async with talking(exchange(SLOW), query="?max_buffering=2") as (caller, socket):
        for prompt in "abcd":
            await socket.send(prompt=prompt)
        await until(lambda: notes(caller))
        assert notes(caller) == [
            "the oldest input was dropped: too many, or too long ones, were waiting"
        ]
        heard = []
        for _ in range(3):
            await until(lambda: tenant(caller)._direct.in_flight)
            controls(caller).advance(5)
            heard.append((await socket.heard())["said"])
        assert heard == ["a", "c", "d"]


@pytest.mark.parametrize("query", ["?max_buffering=1", "?max_buffering=0", "?max_buffering=x"])
async def test_what_is_answered_at_once_is_never_dropped(query: str) -> None:
    async with talking(query=query) as (caller, socket):
        for number in range(50):
            await socket.send(prompt=str(number))
        assert [(await socket.heard())["said"] for _ in range(50)] == [str(it) for it in range(50)]
        assert notes(caller) == []


async def test_a_run_that_takes_its_time_outlasts_the_silence() -> None:
    reply = {**ECHO, "timeline": [{"IN_PROGRESS": {"for": "90s"}}]}
    async with talking(exchange(reply)) as (caller, socket):
        await socket.send(prompt="a")
        await until(lambda: tenant(caller)._direct.in_flight)
        controls(caller).advance(90)
        assert await socket.heard() == ANSWER
        assert await socket.heard() == TIMEOUT


async def test_files_are_linked_as_the_caller_can_reach_them() -> None:
    async with calling(clock="instant") as caller:
        url = f"{caller.fake.url}/fal.run/fal-ai/flux/dev/realtime"
        headers = {"Authorization": f"Key {KEY}"}
        async with caller.session.ws_connect(url, headers=headers) as line:
            image = (await Socket(line).asked(prompt="a"))["images"][0]
        assert image["url"].startswith(caller.fake.url)
        async with caller.session.get(image["url"]) as response:
            assert response.status == 200


# Trouble


@pytest.mark.parametrize("fault", ["reset", "close"])
async def test_a_connection_fault_of_runs_breaks_the_socket(fault: str) -> None:
    given = exchange({**ECHO, "faults": {"run": [fault]}})
    async with talking(given) as (caller, socket):
        assert await socket.asked(prompt="a") == 1006
        assert controls(caller).journal()[1]["note"].startswith("fault: ")


async def test_a_refusal_among_the_faults_of_runs_is_an_error() -> None:
    async with talking(exchange({**ECHO, "faults": {"run": [503]}})) as (_, socket):
        heard = await socket.asked(prompt="a")
        assert heard["error"] == "INTERNAL_ERROR"
        assert await socket.heard() == 1000


async def test_a_caller_that_leaves_ends_what_runs_for_it() -> None:
    async with calling(scenario(exchange(SLOW))) as caller:
        async with opening(caller) as line:
            await Socket(line).send(prompt="a")
            await until(lambda: tenant(caller)._direct.in_flight)
        await until(lambda: not tenant(caller)._direct.in_flight)
        assert not len(tenant(caller).sockets)


async def test_a_caller_that_vanishes_ends_it_too() -> None:
    async with calling(scenario(exchange(SLOW))) as caller:
        async with opening(caller) as line:
            await Socket(line).send(prompt="a")
            await until(lambda: tenant(caller)._direct.in_flight)
            transport = line.get_extra_info("socket")
            assert transport is not None
            line._response.connection.transport.abort()
            await until(lambda: not tenant(caller)._direct.in_flight)
        assert not len(tenant(caller).sockets)


async def test_a_reset_ends_open_sessions() -> None:
    async with talking() as (caller, socket):
        await socket.asked(prompt="a")
        caller.fake.engine.renew(KEY)
        assert await socket.heard() == 1001


# Who may


async def refused(caller: Caller, query: str = "", **more: Any) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with opening(caller, query=query, **more):
            pass
    return caught.value.status


async def granted(caller: Caller, app: str = "live", seconds: int = 120) -> str:
    body = {"allowed_apps": [app], "token_expiration": seconds}
    heard = await caller.ask("POST", "/tokens/", host="rest.fal.ai", json=body)
    assert isinstance(heard.json, str)
    return f"?fal_jwt_token={heard.json}"


async def test_a_token_opens_the_socket_of_its_app() -> None:
    async with (
        calling(scenario(exchange(ECHO))) as caller,
        opening(caller, query=await granted(caller), key=None) as line,
    ):
        assert await Socket(line).asked(prompt="a") == ANSWER


async def test_who_has_no_right_is_refused_before_the_upgrade() -> None:
    async with calling(scenario(exchange(ECHO))) as caller:
        assert await refused(caller, key=None) == 401
        assert await refused(caller, "?fal_jwt_token=wrong", key=None) == 401
        assert await refused(caller, await granted(caller, "other"), key=None) == 403
        token = await granted(caller, seconds=10)
        controls(caller).advance(10)
        assert await refused(caller, token, key=None) == 401


async def test_a_get_that_asks_for_no_upgrade_is_any_get() -> None:
    async with calling() as caller:
        path = f"/{APP}/realtime"
        assert (await caller.ask("GET", path, host=RUN)).status == 405
        assert (await caller.ask("GET", path, host=RUN, key=None)).status == 401


async def test_a_malformed_upgrade_is_refused() -> None:
    async with calling() as caller:
        headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        heard = await caller.ask("GET", f"/{APP}/realtime", host=RUN, headers=headers)
        assert heard.status == 400


async def test_ten_sockets_of_two_keys_do_not_meet() -> None:
    async def one(caller: Caller, number: int) -> list[Any]:
        async with opening(caller, key=f"key:{number % 2}") as line:
            return [await Socket(line).asked(prompt=str(number)) for _ in range(5)]

    async with calling(scenario(exchange(ECHO))) as caller:
        heard = await asyncio.gather(*(one(caller, number) for number in range(10)))
        assert [{it["said"] for it in each} for each in heard] == [{str(n)} for n in range(10)]
        counts = sorted(it["count"] for each in heard for it in each)
        assert counts == sorted([*range(1, 26)] * 2)
