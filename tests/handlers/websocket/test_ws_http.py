"""ws.fal.run over real connections (docs/reference/realtime.md#http-over-websocket)."""

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
    return Controls.for_tenant(
        engine, next(tenant for tenant in engine.tenants if tenant.key == KEY)
    )


@asynccontextmanager
async def connected(
    *exchanges: dict[str, Any], path: str = "/acme/app", clock: str = "manual", **options: Any
) -> AsyncIterator[tuple[Caller, aiohttp.ClientWebSocketResponse]]:
    data = scenario(*(exchanges or (exchange(ECHO),)))
    async with (
        running_caller({**data, **options}, clock=clock) as caller,
        open_socket(caller, path, host=WS) as websocket,
    ):
        yield caller, websocket


async def send_request(websocket: aiohttp.ClientWebSocketResponse, **value: Any) -> None:
    await websocket.send_str(json.dumps(value))


async def test_responses_are_in_order_between_start_and_end() -> None:
    async with connected() as (caller, websocket):
        for name in "abc":
            await send_request(websocket, prompt=name)
        for number, name in enumerate("abc"):
            start, body, end = await receive_response(websocket)
            assert start["type"], start["status"] == ("start", 200)
            assert start["headers"]["Content-Type"] == "application/json"
            assert start["headers"]["x-fal-request-id"] == start["request_id"]
            assert json.loads(body) == {"said": name, "via": "ws", "n": number + 1}
            assert end["request_id"] == start["request_id"]
            assert (end["type"], end["status"]) == ("end", 200)
            assert end["time_to_first_byte_seconds"] > 0
        calls = controls(caller.server.engine).calls()
        assert [(call.via, call.input, call.status) for call in calls] == [
            ("ws", {"prompt": name}, 200) for name in "abc"
        ]


async def test_the_same_requests_give_the_same_bytes() -> None:
    seen = []
    for _ in range(2):
        async with connected() as (_, websocket):
            await send_request(websocket, prompt="a")
            await send_request(websocket, prompt="a")
            seen.append([await receive_frame(websocket) for _ in range(6)])
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[0][3]


async def test_a_slow_response_delays_the_following_ones() -> None:
    slow = exchange(
        {**ECHO, "timeline": [{"IN_PROGRESS": {"for": "5s"}}]}, when={"input": {"prompt": "slow"}}
    )
    async with connected(slow, exchange(ECHO)) as (caller, websocket):
        await send_request(websocket, prompt="slow")
        await send_request(websocket, prompt="fast")
        await wait_until(lambda: controls(caller.server.engine).tenant._direct_calls.in_flight)
        controls(caller.server.engine).advance(5)
        first, second = await receive_response(websocket), await receive_response(websocket)
        assert [json.loads(response[1])["said"] for response in (first, second)] == ["slow", "fast"]
        assert first[2]["time_to_first_byte_seconds"] == 5


async def test_a_stream_comes_event_by_event_at_its_pace() -> None:
    reply = {"stream": {"events": [{"n": 1}, {"n": 2}], "every": "1s"}}
    async with connected(exchange(reply), path="/acme/app/stream") as (caller, websocket):
        await send_request(websocket)
        start = json.loads(await receive_frame(websocket))
        assert start["headers"]["Content-Type"] == "text/event-stream; charset=utf-8"
        assert await receive_frame(websocket) == b'data: {"n":1}\n\n'
        controls(caller.server.engine).advance(1)
        assert await receive_frame(websocket) == b'data: {"n":2}\n\n'
        assert json.loads(await receive_frame(websocket))["type"] == "end"


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
async def test_an_error_is_a_response_and_the_next_follows(
    fault: Any, status: int, body: Any, path: str
) -> None:
    operation = "stream" if path.endswith("/stream") else "run"
    if operation == "stream" and status == 200:
        return  # this fault of bodies does not apply to streams
    data = exchange({**ECHO, "faults": {operation: [fault]}})
    async with connected(data, path=path) as (_, websocket):
        await send_request(websocket, prompt="a")
        await send_request(websocket, prompt="b")
        start, payload, end = await receive_response(websocket)
        assert (start["status"], end["status"]) == (status, status)
        assert end["request_id"] == start["request_id"]
        if body is not None:
            assert (payload if body == b"" else json.loads(payload)) == body
        assert (await receive_response(websocket))[0]["status"] == 200


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
async def test_a_connection_breaks_at_the_cut(fault: Any, frames: int, close: int) -> None:
    async with connected(exchange({**ECHO, "faults": {"run": [fault]}})) as (_, websocket):
        await send_request(websocket, prompt="a")
        await send_request(websocket, prompt="b")
        received = [await receive_frame(websocket) for _ in range(frames + 1)]
        assert received[-1] == close
        assert all(isinstance(each, (str, bytes)) for each in received[:-1])


async def test_an_unanswered_request_is_skipped() -> None:
    data = exchange({**ECHO, "faults": {"run": ["unanswered"]}})
    async with connected(data) as (_, websocket):
        await send_request(websocket, prompt="a")
        await send_request(websocket, prompt="b")
        assert json.loads((await receive_response(websocket))[1])["said"] == "b"


async def test_garbage_replaces_a_response() -> None:
    data = exchange({**ECHO, "faults": {"run": ["garbage"]}})
    async with connected(data) as (_, websocket):
        await send_request(websocket, prompt="a")
        await send_request(websocket, prompt="b")
        assert isinstance(await receive_frame(websocket), bytes)
        assert json.loads((await receive_response(websocket))[1])["said"] == "b"


async def test_a_hang_waits_and_then_breaks() -> None:
    data = exchange({**ECHO, "faults": {"run": [{"hang": "before", "for": "5s"}]}})
    async with connected(data, clock="instant") as (_, websocket):
        await send_request(websocket, prompt="a")
        assert await receive_frame(websocket) == 1006


async def test_a_stream_is_cut_after_n_events() -> None:
    events = [{"n": number} for number in range(5)]
    reply = {"stream": {"events": events, "cut": {"after": 2, "how": "reset"}}}
    async with connected(exchange(reply), path="/acme/app/stream") as (_, websocket):
        await send_request(websocket)
        _, body, end = await receive_response(websocket)
        assert body.count(b"data: ") == 2
        assert end == 1006


async def test_frames_of_a_reply_replace_the_response() -> None:
    reply = {"frames": [{"json": {"type": "start"}}, "garbage", {"close": 4000, "reason": "x"}]}
    async with connected(exchange(reply)) as (_, websocket):
        await send_request(websocket, prompt="a")
        assert json.loads(await receive_frame(websocket)) == {"type": "start"}
        assert isinstance(await receive_frame(websocket), bytes)
        assert await receive_frame(websocket) == 4000


async def test_a_large_body_is_split_into_frames_of_client_size() -> None:
    async with connected(exchange({"output": {"text": "é" * 400_000}})) as (_, websocket):
        await send_request(websocket)
        json.loads(await receive_frame(websocket))
        parts = []
        while isinstance(part := await receive_frame(websocket), bytes):
            parts.append(part.decode())
        assert max(map(len, parts)) <= 65_536
        assert len(json.loads("".join(parts))["text"]) == 400_000


async def test_unauthorized_callers_are_rejected_before_the_upgrade() -> None:
    data = scenario(exchange(ECHO))
    async with running_caller({**data, "account": "exhausted-balance"}) as caller:
        for key, status in ((None, 401), (KEY, 403)):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await open_socket(caller, "/acme/app", host=WS, key=key)
            assert caught.value.status == status


async def test_a_token_in_the_query_is_enough() -> None:
    async with running_caller(scenario(exchange(ECHO))) as caller:
        response = await caller.request(
            "POST", "/tokens/", host="rest.fal.ai", json={"allowed_apps": ["app"]}
        )
        path = f"/acme/app?fal_jwt_token={response.json}"
        async with open_socket(caller, path, host=WS, key=None) as websocket:
            await send_request(websocket, prompt="a")
            assert (await receive_response(websocket))[0]["status"] == 200
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await open_socket(caller, path.replace("/acme/app", "/acme/other"), host=WS, key=None)
        assert caught.value.status == 403


async def test_a_request_without_an_upgrade_is_a_426() -> None:
    async with running_caller(scenario(exchange(ECHO))) as caller:
        response = await caller.request("GET", "/acme/app", host=WS)
        assert (response.status, response.headers["Upgrade"]) == (426, "websocket")
        assert (await caller.request("POST", "/acme/app", host=WS, json={})).status == 405


async def test_a_reset_of_the_tenant_ends_it_with_1001() -> None:
    async with connected() as (caller, websocket):
        await send_request(websocket, prompt="a")
        await receive_response(websocket)
        controls(caller.server.engine).reset()
        assert await receive_frame(websocket) == 1001


async def test_the_journal_records_opening_and_closing() -> None:
    async with connected() as (caller, websocket):
        await send_request(websocket, prompt="a")
        await receive_response(websocket)
        await websocket.close(code=4321)

        def close_notes() -> list[str]:
            journal = controls(caller.server.engine).journal()
            return [entry["note"] for entry in journal if entry["kind"] == "socket"]

        await wait_until(lambda: len(close_notes()) == 2)
        assert close_notes() == ["opened", "the caller closed it with 4321"]


async def test_two_thousand_pipelined_requests_are_answered_in_order() -> None:
    async with connected() as (_, websocket):
        for number in range(2_000):
            await send_request(websocket, prompt=str(number))
        for number in range(2_000):
            _, body, _ = await receive_response(websocket)
            assert json.loads(body)["said"] == str(number)


async def test_a_request_over_the_limit_ends_it() -> None:
    limits = Limits(body_bytes=1_000)
    async with (
        running_caller(scenario(exchange(ECHO)), limits=limits) as caller,
        open_socket(caller, "/acme/app", host=WS) as websocket,
    ):
        await send_request(websocket, prompt="x" * 2_000)
        assert await receive_frame(websocket) == 1009


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
async def test_any_frame_gets_a_response(frames: list[bytes | str], path: str) -> None:
    async with connected(exchange({"text": "a"}), path=f"/fal-ai/any-llm{path}") as (_, websocket):
        for frame in frames:
            if isinstance(frame, bytes):
                await websocket.send_bytes(frame)
            else:
                await websocket.send_str(frame.encode("utf-8", "replace").decode())
        for _ in frames:
            start, _, end = await within_limit(receive_response(websocket))
            assert start["status"] in (200, 422)
            assert end["request_id"] == start["request_id"]
