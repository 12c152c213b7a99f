"""Realtime sessions configured by replies and apps, and faults of outputs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.building import exchange, scenario
from tests.callers import Caller, running_caller, wait_until
from tests.handlers.websocket.test_realtime import (
    ECHO,
    OUTPUT,
    SLOW,
    TIMEOUT,
    controls,
    failure,
    notes,
    tenant,
)
from tests.sockets import APP, Socket, open_realtime


def live(**way: Any) -> dict[str, Any]:
    return {"apps": {APP: {"realtime": way}}}


@asynccontextmanager
async def connected(
    *exchanges: dict[str, Any], query: str = "", clock: str = "manual", **parts: Any
) -> AsyncIterator[tuple[Caller, Socket]]:
    data = {**scenario(*exchanges), **parts}
    async with (
        running_caller(data, clock=clock) as caller,
        open_realtime(caller, query=query) as websocket,
    ):
        yield caller, Socket(websocket)


async def test_an_input_may_have_many_outputs_at_their_pace() -> None:
    reply = {"stream": {"events": [{"n": 1}, {"n": 2}], "every": "1s"}, "output": {"n": 3}}
    async with connected(exchange(reply)) as (caller, socket):
        assert await socket.request(prompt="a") == {"n": 1}
        for number in (2, 3):
            controls(caller).advance(1)
            assert await socket.receive() == {"n": number}
        assert await socket.request(prompt="a") == {"n": 1}


async def test_timings_follow_the_outputs_if_the_app_has_them() -> None:
    took = exchange({"output": {"n": 1}, "inference_time": "250ms"})
    async with connected(took, **live(timings=True)) as (_, socket):
        assert await socket.request(prompt="a") == {"n": 1}
        timing = {"type": "x-fal-message", "action": "timings", "timing": 0.25}
        assert await socket.receive() == timing
        await socket.send(prompt="b")
        assert [await socket.receive() for _ in range(2)] == [{"n": 1}, timing]


async def test_a_reply_may_send_timings_only_or_end_the_session() -> None:
    reply = {"output": {"n": 1}, "realtime": {"end": True, "timing": "2s"}}
    async with connected(exchange(reply)) as (_, socket):
        assert await socket.request(prompt="a") == {"n": 1}
        assert (await socket.receive())["timing"] == 2.0
        assert await socket.receive() == TIMEOUT
        assert await socket.receive() == 1000


async def test_an_app_may_set_the_idle_timeout() -> None:
    async with connected(exchange(ECHO), **live(timeout="5s")) as (caller, socket):
        await socket.request(prompt="a")
        controls(caller).advance(5)
        assert await socket.receive() == TIMEOUT


async def test_a_full_buffer_drops_the_oldest_input() -> None:
    async with connected(exchange(SLOW), **live(buffering=2)) as (caller, socket):
        for name in "abcde":
            await socket.send(prompt=name)
        await wait_until(lambda: len(notes(caller)) == 2)
        messages = []
        for _ in range(3):
            await wait_until(lambda: tenant(caller)._direct_calls.in_flight)
            controls(caller).advance(5)
            messages.append((await socket.receive())["said"])
        assert messages == ["a", "d", "e"]


async def test_a_batch_is_answered_once() -> None:
    async with connected(exchange(SLOW), **live(batch=3)) as (caller, socket):
        for name in "abcd":
            await socket.send(prompt=name)
        await wait_until(lambda: tenant(caller)._direct_calls.in_flight)
        messages = []
        for _ in range(2):
            await wait_until(lambda: tenant(caller)._direct_calls.in_flight)
            controls(caller).advance(5)
            messages.append((await socket.receive())["said"])
        assert (messages[-1], len(notes(caller))) == ("d", 2)


async def test_many_slow_inputs_are_all_processed() -> None:
    slow = {"output": {"said": "{{ input.prompt }}"}, "timeline": [{"IN_PROGRESS": {"for": "1s"}}]}
    async with connected(exchange(slow), clock="instant") as (_, socket):
        for number in range(2_000):
            await socket.send(prompt=number)
        assert [(await socket.receive())["said"] for _ in range(2_000)] == list(range(2_000))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"close": "after", "code": 1000}, [OUTPUT, 1000]),
        ({"close": "before", "code": 4001}, [4001]),
        ({"close": "accepted", "code": 1011}, [1011]),
        ("reset-after", [OUTPUT, 1006]),
        ({"set": {"said": "x"}, "drop": ["via"]}, [{"said": "x", "count": 1}]),
        ({"status": 418, "body": {"detail": "teapot"}}, [failure("teapot"), 1000]),
    ],
)
async def test_faults_of_an_output(fault: Any, expected: list[Any]) -> None:
    async with connected(exchange({**ECHO, "faults": {"run": [fault]}})) as (_, socket):
        await socket.send(prompt="a")
        assert [await socket.receive() for _ in expected] == expected


@pytest.mark.parametrize("fault", ["garbage", "broken-json", "empty"])
async def test_a_garbage_frame_and_then_the_next(fault: str) -> None:
    async with connected(exchange({**ECHO, "faults": {"run": [fault]}})) as (_, socket):
        await socket.send(prompt="a")
        message = await asyncio.wait_for(socket.websocket.receive(), 5)
        with pytest.raises(ValueError, match=r".*"):
            msgpack.unpackb(message.data)
        assert (await socket.request(prompt="b"))["said"] == "b"


async def test_an_unanswered_input_is_skipped() -> None:
    async with connected(exchange({**ECHO, "faults": {"run": ["unanswered"]}})) as (_, socket):
        await socket.send(prompt="a")
        assert (await socket.request(prompt="b"))["said"] == "b"


async def test_outputs_are_cut_like_a_stream() -> None:
    reply = {"stream": {"events": [{"n": 1}, {"n": 2}, {"n": 3}], "cut": {"after": 2}}}
    async with connected(exchange(reply)) as (_, socket):
        await socket.send(prompt="a")
        assert [await socket.receive() for _ in range(3)] == [{"n": 1}, {"n": 2}, 1006]


ANY_FRAME = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=50),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(0, 9), inner),
        max_leaves=6,
    ).map(msgpack.packb),
)


@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(ANY_FRAME, min_size=1, max_size=15))
async def test_any_frame_is_accepted(frames: list[bytes | str]) -> None:
    async with connected(exchange({"output": {"a": 1}})) as (caller, socket):
        for frame in frames:
            text = frame if isinstance(frame, bytes) else frame.encode("utf-8", "replace").decode()
            if socket.websocket.closed:
                break
            try:
                await (
                    socket.websocket.send_bytes(text)
                    if isinstance(text, bytes)
                    else socket.websocket.send_str(text)
                )
            except ConnectionError:
                break
        if not socket.websocket.closed:
            with suppress(ConnectionError):
                await socket.websocket.send_bytes(b"\xc1")  # ends the session in any case
        while (message := await socket.receive()) == {"a": 1}:
            pass
        assert message == 1000 or message["error"] == "INTERNAL_ERROR"
        assert "Traceback" not in str(controls(caller).journal())
