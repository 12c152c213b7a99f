"""Sockets of an app's own, over real ones (protocol.md section 11.2)."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakefal.engine.controls import Controls
from tests.building import exchange, scenario
from tests.callers import KEY, Caller, running_caller, wait_until, within_limit
from tests.sockets import open_socket, receive_frame

TALK = {
    "frames": [{"json": {"hello": "{{ input.name | default('you') }}"}}],
    "on_message": [
        {"input": "bye", "frames": [{"close": 4000, "reason": "bye"}]},
        {"frames": [{"json": "{{ input }}"}]},
    ],
}
SOCKET = exchange(TALK, when={"endpoint": "acme/*", "via": "socket"})


def controls(caller: Caller) -> Controls:
    return Controls.for_tenant(
        caller.server.engine, next(it for it in caller.server.engine.tenants if it.key == KEY)
    )


def closings(caller: Caller) -> list[str]:
    return [it["note"] for it in controls(caller).journal() if it["kind"] == "socket"]


async def test_a_socket_says_and_answers_what_is_written() -> None:
    async with running_caller(scenario(SOCKET)) as caller:
        async with open_socket(caller, "/acme/chat/ws?name=Ann&fal_jwt_token=x") as line:
            assert json.loads(await receive_frame(line)) == {"hello": "Ann"}
            await line.send_str('{"a": 1}')
            assert json.loads(await receive_frame(line)) == {"a": 1}
            await line.send_bytes(msgpack.packb({"b": [2]}))
            assert json.loads(await receive_frame(line)) == {"b": [2]}
            await line.send_str("bye")
            assert await receive_frame(line) == 4000
        (call,) = controls(caller).calls()
        assert (call.endpoint, call.via, call.status) == ("acme/chat/ws", "socket", 101)
        assert call.input == {"name": "Ann"}
        messages = controls(caller).messages()
        assert [(it.content, it.is_text) for it in messages] == [
            ({"a": 1}, True),
            ({"b": [2]}, False),
            ("bye", True),
        ]
        assert messages[0].endpoint == "acme/chat/ws"
        await wait_until(lambda: len(closings(caller)) == 2)
        assert closings(caller) == ["opened", "closed with 4000"]
        journal = controls(caller).journal()
        assert "fal_jwt_token" not in json.dumps(journal)


@pytest.mark.parametrize(
    ("path", "status"), [("/other/app/ws", 404), ("/acme", 404), ("/acme/chat/ws", 401)]
)
async def test_a_socket_that_nobody_serves_is_refused(path: str, status: int) -> None:
    key = None if status == 401 else KEY
    async with running_caller(scenario(SOCKET)) as caller:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await open_socket(caller, path, key=key)
        assert caught.value.status == status


async def test_a_miss_is_counted() -> None:
    async with running_caller(scenario(SOCKET)) as caller:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await open_socket(caller, "/other/app/ws")
        assert controls(caller).miss_count() == 1


@pytest.mark.parametrize(
    "others",
    [
        [SOCKET],
        [exchange(TALK, when={"endpoint": "acme/chat/realtime"}), exchange({"output": {}})],
    ],
)
async def test_frames_may_take_over_a_realtime_path_too(others: list[Any]) -> None:
    async with (
        running_caller(scenario(*others)) as caller,
        open_socket(caller, "/acme/chat/realtime") as line,
    ):
        assert json.loads(await receive_frame(line)) == {"hello": "you"}


async def test_realtime_goes_before_frames_of_any_path() -> None:
    async with (
        running_caller(scenario(SOCKET, exchange({"output": {"a": 1}}))) as caller,
        open_socket(caller, "/acme/chat/realtime") as line,
    ):
        await line.send_bytes(msgpack.packb({}))
        assert msgpack.unpackb(await receive_frame(line)) == {"a": 1}


async def test_a_path_without_frames_is_a_realtime_one() -> None:
    reply = exchange({"output": {"said": "{{ input.a }}"}}, when={"endpoint": "acme/live/fast"})
    async with running_caller(scenario(reply)) as caller:
        async with open_socket(caller, "/acme/live/fast") as line:
            await line.send_bytes(msgpack.packb({"a": 1}))
            assert msgpack.unpackb(await receive_frame(line)) == {"said": 1}
        assert controls(caller).calls()[0].via == "realtime"


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("403", 403),
        ("nginx-502", 502),
        ("429", 429),
        ({"status": 418, "body": {"a": 1}}, 418),
    ],
)
async def test_a_handshake_is_refused(fault: Any, found: int) -> None:
    given_ = exchange({**TALK, "faults": {"connect": [fault]}})
    async with running_caller(scenario(given_)) as caller:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await open_socket(caller, "/acme/chat/ws")
        assert caught.value.status == found
        (line,) = controls(caller).journal()
        assert (line["kind"], line["status"], line["via"]) == ("refused", found, "socket")
        async with open_socket(caller, "/acme/chat/ws") as socket:
            assert await receive_frame(socket)


@pytest.mark.parametrize("fault", ["reset", "close", "garbage"])
async def test_a_handshake_breaks(fault: str) -> None:
    async with running_caller(
        scenario(exchange({**TALK, "faults": {"connect": [f"{fault} x*"]}}))
    ) as caller:
        with pytest.raises(aiohttp.ClientError):
            await open_socket(caller, "/acme/chat/ws")


@pytest.mark.parametrize(
    ("fault", "frames"),
    [
        ("accepted-then-reset", [1006]),
        ("accepted-then-close", [1006]),
        ({"close": "accepted", "code": 4001}, [4001]),
        ("accepted-then-401", ['{"status":"error","error":"Unauthorized"}', 1000]),
    ],
)
async def test_a_socket_breaks_right_after_its_opening(fault: Any, frames: list[Any]) -> None:
    async with (
        running_caller(scenario(exchange({**TALK, "faults": {"connect": [fault]}}))) as caller,
        open_socket(caller, "/acme/chat/ws") as line,
    ):
        assert [await receive_frame(line) for _ in frames] == frames


async def test_a_handshake_may_be_slow() -> None:
    slow = exchange({**TALK, "faults": {"connect": [{"delay": "5s"}]}})
    async with (
        running_caller(scenario(slow), clock="instant") as caller,
        open_socket(caller, "/acme/chat/ws") as line,
    ):
        assert await receive_frame(line)
        assert controls(caller).clock()["iso"].startswith("2026-01-01T00:00:05")


async def test_a_frame_that_cannot_be_rendered_is_told_in_the_close() -> None:
    bad = exchange({"frames": [{"json": "{{ input.a.b }}"}]})
    async with running_caller(scenario(bad)) as caller:
        async with open_socket(caller, "/acme/chat/ws") as line:
            message = await within_limit(line.receive())
            assert (message.data, "line" in message.extra or message.extra != "") == (1011, True)
        notes = [it["note"] for it in controls(caller).journal() if it["kind"] == "lint"]
        assert notes[0].startswith("fakefal could not render a frame")


async def test_a_reset_of_the_tenant_ends_it_with_1001() -> None:
    async with (
        running_caller(scenario(SOCKET)) as caller,
        open_socket(caller, "/acme/chat/ws") as line,
    ):
        await receive_frame(line)
        controls(caller).reset()
        assert await receive_frame(line) == 1001


async def test_nothing_is_left_of_sockets_that_are_gone() -> None:
    async with running_caller(scenario(SOCKET)) as caller:
        for _ in range(20):
            async with open_socket(caller, "/acme/chat/ws") as line:
                await receive_frame(line)
        await wait_until(lambda: not len(controls(caller).tenant.sockets))


ANY_FRAME = st.one_of(st.binary(max_size=300), st.text(max_size=300))


@settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(ANY_FRAME, min_size=1, max_size=30))
async def test_no_message_is_too_odd(frames: list[bytes | str]) -> None:
    async with (
        running_caller(scenario(SOCKET)) as caller,
        open_socket(caller, "/acme/x/ws") as line,
    ):
        await receive_frame(line)
        sent = [
            it if isinstance(it, bytes) else it.encode("utf-8", "replace").decode()
            for it in frames
            if it != "bye"
        ]
        for it in sent:
            await (line.send_bytes(it) if isinstance(it, bytes) else line.send_str(it))
        for _ in sent:
            assert isinstance(await receive_frame(line), str)
        await line.send_str("bye")
        assert await receive_frame(line) == 4000
