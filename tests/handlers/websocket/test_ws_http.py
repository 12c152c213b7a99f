"""ws.fal.run over real sockets (protocol.md section 11.3)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakefal.engine.controls import Controls
from fakefal.engine.engine import Engine
from fakefal.settings import Limits
from tests.building import exchange, scenario
from tests.callers import KEY, Caller, running_caller, wait_until, within_limit
from tests.sockets import WS, open_socket, receive_frame, receive_response

ECHO = {"output": {"said": "{{ input.prompt }}", "via": "{{ via }}", "n": "{{ count }}"}}


def controls(engine: Engine) -> Controls:
    return Controls.for_tenant(engine, next(it for it in engine.tenants if it.key == KEY))


@asynccontextmanager
async def talking(
    *exchanges: dict[str, Any], path: str = "/acme/app", clock: str = "manual", **more: Any
) -> AsyncIterator[tuple[Caller, aiohttp.ClientWebSocketResponse]]:
    given = scenario(*(exchanges or (exchange(ECHO),)))
    async with (
        running_caller({**given, **more}, clock=clock) as caller,
        open_socket(caller, path, host=WS) as line,
    ):
        yield caller, line


async def ask(line: aiohttp.ClientWebSocketResponse, **value: Any) -> None:
    await line.send_str(json.dumps(value))


async def test_requests_are_answered_in_order_between_start_and_end() -> None:
    async with talking() as (caller, line):
        for name in "abc":
            await ask(line, prompt=name)
        for number, name in enumerate("abc"):
            start, body, end = await receive_response(line)
            assert start["type"], start["status"] == ("start", 200)
            assert start["headers"]["Content-Type"] == "application/json"
            assert start["headers"]["x-fal-request-id"] == start["request_id"]
            assert json.loads(body) == {"said": name, "via": "ws", "n": number + 1}
            assert end["request_id"] == start["request_id"]
            assert (end["type"], end["status"]) == ("end", 200)
            assert end["time_to_first_byte_seconds"] > 0
        calls = controls(caller.server.engine).calls()
        assert [(it.via, it.input, it.status) for it in calls] == [
            ("ws", {"prompt": name}, 200) for name in "abc"
        ]


async def test_the_same_requests_give_the_same_bytes() -> None:
    seen = []
    for _ in range(2):
        async with talking() as (_, line):
            await ask(line, prompt="a")
            await ask(line, prompt="a")
            seen.append([await receive_frame(line) for _ in range(6)])
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[0][3]


async def test_a_slow_answer_holds_up_those_behind_it() -> None:
    slow = exchange(
        {**ECHO, "timeline": [{"IN_PROGRESS": {"for": "5s"}}]}, when={"input": {"prompt": "slow"}}
    )
    async with talking(slow, exchange(ECHO)) as (caller, line):
        await ask(line, prompt="slow")
        await ask(line, prompt="fast")
        await wait_until(lambda: controls(caller.server.engine).tenant._direct_calls.in_flight)
        controls(caller.server.engine).advance(5)
        first, second = await receive_response(line), await receive_response(line)
        assert [json.loads(it[1])["said"] for it in (first, second)] == ["slow", "fast"]
        assert first[2]["time_to_first_byte_seconds"] == 5


async def test_a_stream_comes_event_by_event_at_its_pace() -> None:
    reply = {"stream": {"events": [{"n": 1}, {"n": 2}], "every": "1s"}}
    async with talking(exchange(reply), path="/acme/app/stream") as (caller, line):
        await ask(line)
        start = json.loads(await receive_frame(line))
        assert start["headers"]["Content-Type"] == "text/event-stream; charset=utf-8"
        assert await receive_frame(line) == b'data: {"n":1}\n\n'
        controls(caller.server.engine).advance(1)
        assert await receive_frame(line) == b'data: {"n":2}\n\n'
        assert json.loads(await receive_frame(line))["type"] == "end"


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ("429", 429, None),
        ("nginx-502", 502, None),
        ({"status": 503, "body": {"a": 1}}, 503, {"a": 1}),
        ({"set": {"said": "other"}}, 200, {"said": "other", "via": "ws", "n": 1}),
        ("empty", 200, b""),
    ],
)
@pytest.mark.parametrize("path", ["/acme/app", "/acme/app/stream"])
async def test_a_refusal_is_an_answer_and_the_next_comes(
    fault: Any, status: int, body: Any, path: str
) -> None:
    operation = "stream" if path.endswith("/stream") else "run"
    if operation == "stream" and status == 200:
        return  # what spoils a whole body does not spoil a stream
    given = exchange({**ECHO, "faults": {operation: [fault]}})
    async with talking(given, path=path) as (_, line):
        await ask(line, prompt="a")
        await ask(line, prompt="b")
        start, found, end = await receive_response(line)
        assert (start["status"], end["status"]) == (status, status)
        assert end["request_id"] == start["request_id"]
        if body is not None:
            assert (found if body == b"" else json.loads(found)) == body
        assert (await receive_response(line))[0]["status"] == 200


@pytest.mark.parametrize(
    ("fault", "frames", "close"),
    [
        ("reset", 0, 1006),
        ("close", 0, 1006),
        ({"close": "before", "code": 4002}, 0, 4002),
        ({"close": "accepted", "code": 1011}, 0, 1011),
        ("reset-headers", 1, 1006),
        ("reset-during", 2, 1006),
        ("truncate", 2, 1006),
        ({"close": "after", "code": 1000}, 3, 1000),
        ("reset-after", 3, 1006),
    ],
)
async def test_a_connection_breaks_where_it_is_told_to(fault: Any, frames: int, close: int) -> None:
    async with talking(exchange({**ECHO, "faults": {"run": [fault]}})) as (_, line):
        await ask(line, prompt="a")
        await ask(line, prompt="b")
        found = [await receive_frame(line) for _ in range(frames + 1)]
        assert found[-1] == close
        assert all(isinstance(it, (str, bytes)) for it in found[:-1])


async def test_an_unanswered_request_is_passed_over() -> None:
    given = exchange({**ECHO, "faults": {"run": ["unanswered"]}})
    async with talking(given) as (_, line):
        await ask(line, prompt="a")
        await ask(line, prompt="b")
        assert json.loads((await receive_response(line))[1])["said"] == "b"


async def test_garbage_takes_the_place_of_an_answer() -> None:
    given = exchange({**ECHO, "faults": {"run": ["garbage"]}})
    async with talking(given) as (_, line):
        await ask(line, prompt="a")
        await ask(line, prompt="b")
        assert isinstance(await receive_frame(line), bytes)
        assert json.loads((await receive_response(line))[1])["said"] == "b"


async def test_a_hang_lets_time_pass_and_then_breaks() -> None:
    given = exchange({**ECHO, "faults": {"run": [{"hang": "before", "for": "5s"}]}})
    async with talking(given, clock="instant") as (_, line):
        await ask(line, prompt="a")
        assert await receive_frame(line) == 1006


async def test_a_stream_is_cut_after_so_many_events() -> None:
    events = [{"n": number} for number in range(5)]
    reply = {"stream": {"events": events, "cut": {"after": 2, "how": "reset"}}}
    async with talking(exchange(reply), path="/acme/app/stream") as (_, line):
        await ask(line)
        _, body, end = await receive_response(line)
        assert body.count(b"data: ") == 2
        assert end == 1006


async def test_frames_of_a_reply_take_the_place_of_the_answer() -> None:
    reply = {"frames": [{"json": {"type": "start"}}, "garbage", {"close": 4000, "reason": "x"}]}
    async with talking(exchange(reply)) as (_, line):
        await ask(line, prompt="a")
        assert json.loads(await receive_frame(line)) == {"type": "start"}
        assert isinstance(await receive_frame(line), bytes)
        assert await receive_frame(line) == 4000


async def test_a_large_body_comes_in_frames_that_clients_take() -> None:
    async with talking(exchange({"output": {"text": "é" * 400_000}})) as (_, line):
        await ask(line)
        json.loads(await receive_frame(line))
        parts = []
        while isinstance(part := await receive_frame(line), bytes):
            parts.append(part.decode())
        assert max(map(len, parts)) <= 65_536
        assert len(json.loads("".join(parts))["text"]) == 400_000


async def test_who_may_not_call_is_refused_before_the_upgrade() -> None:
    given = scenario(exchange(ECHO))
    async with running_caller({**given, "account": "exhausted-balance"}) as caller:
        for key, status in ((None, 401), (KEY, 403)):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await open_socket(caller, "/acme/app", host=WS, key=key)
            assert caught.value.status == status


async def test_a_token_in_the_query_is_enough() -> None:
    async with running_caller(scenario(exchange(ECHO))) as caller:
        heard = await caller.request(
            "POST", "/tokens/", host="rest.fal.ai", json={"allowed_apps": ["app"]}
        )
        path = f"/acme/app?fal_jwt_token={heard.json}"
        async with open_socket(caller, path, host=WS, key=None) as line:
            await ask(line, prompt="a")
            assert (await receive_response(line))[0]["status"] == 200
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await open_socket(caller, path.replace("/acme/app", "/acme/other"), host=WS, key=None)
        assert caught.value.status == 403


async def test_plain_requests_are_told_to_upgrade() -> None:
    async with running_caller(scenario(exchange(ECHO))) as caller:
        heard = await caller.request("GET", "/acme/app", host=WS)
        assert (heard.status, heard.headers["Upgrade"]) == (426, "websocket")
        assert (await caller.request("POST", "/acme/app", host=WS, json={})).status == 405


async def test_a_reset_of_the_tenant_ends_it_with_1001() -> None:
    async with talking() as (caller, line):
        await ask(line, prompt="a")
        await receive_response(line)
        controls(caller.server.engine).reset()
        assert await receive_frame(line) == 1001


async def test_the_journal_tells_of_opening_and_closing() -> None:
    async with talking() as (caller, line):
        await ask(line, prompt="a")
        await receive_response(line)
        await line.close(code=4321)

        def told() -> list[str]:
            journal = controls(caller.server.engine).journal()
            return [it["note"] for it in journal if it["kind"] == "socket"]

        await wait_until(lambda: len(told()) == 2)
        assert told() == ["opened", "the caller closed it with 4321"]


async def test_two_thousand_requests_at_once_are_answered_in_order() -> None:
    async with talking() as (_, line):
        for number in range(2_000):
            await ask(line, prompt=str(number))
        for number in range(2_000):
            _, body, _ = await receive_response(line)
            assert json.loads(body)["said"] == str(number)


async def test_a_request_over_the_limit_ends_it() -> None:
    limits = Limits(body_bytes=1_000)
    async with (
        running_caller(scenario(exchange(ECHO)), limits=limits) as caller,
        open_socket(caller, "/acme/app", host=WS) as line,
    ):
        await ask(line, prompt="x" * 2_000)
        assert await receive_frame(line) == 1009


FRAMES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    ).map(json.dumps),
)


@settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(FRAMES, min_size=1, max_size=30), st.sampled_from(["", "/stream"]))
async def test_no_frame_is_too_odd_for_an_answer(frames: list[bytes | str], path: str) -> None:
    async with talking(exchange({"text": "a"}), path=f"/fal-ai/any-llm{path}") as (_, line):
        for it in frames:
            if isinstance(it, bytes):
                await line.send_bytes(it)
            else:
                await line.send_str(it.encode("utf-8", "replace").decode())
        for _ in frames:
            start, _, end = await within_limit(receive_response(line))
            assert start["status"] in (200, 422)
            assert end["request_id"] == start["request_id"]
