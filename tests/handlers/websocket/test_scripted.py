"""Scripted sockets of apps, over real connections (docs/reference/realtime.md#app-websockets)."""

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

SCRIPT = {
    "frames": [{"json": {"hello": "{{ input.name | default('you') }}"}}],
    "on_message": [
        {"input": "bye", "frames": [{"close": 4000, "reason": "bye"}]},
        {"frames": [{"json": "{{ input }}"}]},
    ],
}
SOCKET = exchange(SCRIPT, when={"endpoint": "acme/*", "via": "socket"})


def controls(caller: Caller) -> Controls:
    return Controls.for_tenant(
        caller.server.engine,
        next(tenant for tenant in caller.server.engine.tenants if tenant.key == KEY),
    )


def close_notes(caller: Caller) -> list[str]:
    return [entry["note"] for entry in controls(caller).journal() if entry["kind"] == "socket"]


async def test_a_socket_follows_its_script() -> None:
    async with running_caller(scenario(SOCKET)) as caller:
        async with open_socket(caller, "/acme/chat/ws?name=Ann&fal_jwt_token=x") as websocket:
            assert json.loads(await receive_frame(websocket)) == {"hello": "Ann"}
            await websocket.send_str('{"a": 1}')
            assert json.loads(await receive_frame(websocket)) == {"a": 1}
            await websocket.send_bytes(msgpack.packb({"b": [2]}))
            assert json.loads(await receive_frame(websocket)) == {"b": [2]}
            await websocket.send_str("bye")
            assert await receive_frame(websocket) == 4000
        (call,) = controls(caller).calls()
        assert (call.endpoint, call.via, call.status) == ("acme/chat/ws", "socket", 101)
        assert call.input == {"name": "Ann"}
        messages = controls(caller).messages()
        assert [(message.content, message.is_text) for message in messages] == [
            ({"a": 1}, True),
            ({"b": [2]}, False),
            ("bye", True),
        ]
        assert messages[0].endpoint == "acme/chat/ws"
        await wait_until(lambda: len(close_notes(caller)) == 2)
        assert close_notes(caller) == ["opened", "closed with 4000"]
        journal = controls(caller).journal()
        assert "fal_jwt_token" not in json.dumps(journal)


@pytest.mark.parametrize(
    ("path", "status"), [("/other/app/ws", 404), ("/acme", 404), ("/acme/chat/ws", 401)]
)
async def test_a_socket_without_an_exchange_is_rejected(path: str, status: int) -> None:
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
        [exchange(SCRIPT, when={"endpoint": "acme/chat/realtime"}), exchange({"output": {}})],
    ],
)
async def test_frames_may_replace_a_realtime_session(others: list[Any]) -> None:
    async with (
        running_caller(scenario(*others)) as caller,
        open_socket(caller, "/acme/chat/realtime") as websocket,
    ):
        assert json.loads(await receive_frame(websocket)) == {"hello": "you"}


async def test_realtime_exchanges_override_frames_of_any_path() -> None:
    async with (
        running_caller(scenario(SOCKET, exchange({"output": {"a": 1}}))) as caller,
        open_socket(caller, "/acme/chat/realtime") as websocket,
    ):
        await websocket.send_bytes(msgpack.packb({}))
        assert msgpack.unpackb(await receive_frame(websocket)) == {"a": 1}


async def test_a_path_without_frames_is_a_realtime_one() -> None:
    reply = exchange({"output": {"said": "{{ input.a }}"}}, when={"endpoint": "acme/live/fast"})
    async with running_caller(scenario(reply)) as caller:
        async with open_socket(caller, "/acme/live/fast") as websocket:
            await websocket.send_bytes(msgpack.packb({"a": 1}))
            assert msgpack.unpackb(await receive_frame(websocket)) == {"said": 1}
        assert controls(caller).calls()[0].via == "realtime"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("403", 403),
        ("nginx-502", 502),
        ("429", 429),
        ({"status": 418, "body": {"a": 1}}, 418),
    ],
)
async def test_a_handshake_is_refused(fault: Any, expected: int) -> None:
    given_ = exchange({**SCRIPT, "faults": {"connect": [fault]}})
    async with running_caller(scenario(given_)) as caller:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await open_socket(caller, "/acme/chat/ws")
        assert caught.value.status == expected
        (entry,) = controls(caller).journal()
        assert (entry["kind"], entry["status"], entry["via"]) == ("refused", expected, "socket")
        async with open_socket(caller, "/acme/chat/ws") as socket:
            assert await receive_frame(socket)


@pytest.mark.parametrize("fault", ["reset", "close", "garbage"])
async def test_a_handshake_breaks(fault: str) -> None:
    async with running_caller(
        scenario(exchange({**SCRIPT, "faults": {"connect": [f"{fault} x*"]}}))
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
async def test_a_socket_breaks_right_after_the_handshake(fault: Any, frames: list[Any]) -> None:
    async with (
        running_caller(scenario(exchange({**SCRIPT, "faults": {"connect": [fault]}}))) as caller,
        open_socket(caller, "/acme/chat/ws") as websocket,
    ):
        assert [await receive_frame(websocket) for _ in frames] == frames


async def test_a_handshake_may_be_slow() -> None:
    slow = exchange({**SCRIPT, "faults": {"connect": [{"delay": "5s"}]}})
    async with (
        running_caller(scenario(slow), clock="instant") as caller,
        open_socket(caller, "/acme/chat/ws") as websocket,
    ):
        assert await receive_frame(websocket)
        assert controls(caller).clock()["iso"].startswith("2026-01-01T00:00:05")


async def test_a_frame_that_cannot_be_rendered_is_the_close_reason() -> None:
    bad = exchange({"frames": [{"json": "{{ input.a.b }}"}]})
    async with running_caller(scenario(bad)) as caller:
        async with open_socket(caller, "/acme/chat/ws") as websocket:
            message = await within_limit(websocket.receive())
            assert (message.data, "line" in message.extra or message.extra != "") == (1011, True)
        notes = [entry["note"] for entry in controls(caller).journal() if entry["kind"] == "lint"]
        assert notes[0].startswith("fakefal could not render a frame")


async def test_a_reset_of_the_tenant_ends_it_with_1001() -> None:
    async with (
        running_caller(scenario(SOCKET)) as caller,
        open_socket(caller, "/acme/chat/ws") as websocket,
    ):
        await receive_frame(websocket)
        controls(caller).reset()
        assert await receive_frame(websocket) == 1001


async def test_closed_sockets_leave_no_tasks() -> None:
    async with running_caller(scenario(SOCKET)) as caller:
        for _ in range(20):
            async with open_socket(caller, "/acme/chat/ws") as websocket:
                await receive_frame(websocket)
        await wait_until(lambda: not len(controls(caller).tenant.sockets))


ANY_FRAME = st.one_of(st.binary(max_size=300), st.text(max_size=300))


@settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(ANY_FRAME, min_size=1, max_size=30))
async def test_any_message_is_accepted(frames: list[bytes | str]) -> None:
    async with (
        running_caller(scenario(SOCKET)) as caller,
        open_socket(caller, "/acme/x/ws") as websocket,
    ):
        await receive_frame(websocket)
        sent = [
            frame if isinstance(frame, bytes) else frame.encode("utf-8", "replace").decode()
            for frame in frames
            if frame != "bye"
        ]
        for frame in sent:
            await (
                websocket.send_bytes(frame)
                if isinstance(frame, bytes)
                else websocket.send_str(frame)
            )
        for _ in sent:
            assert isinstance(await receive_frame(websocket), str)
        await websocket.send_str("bye")
        assert await receive_frame(websocket) == 4000
