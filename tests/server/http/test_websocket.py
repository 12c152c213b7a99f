"""WebSockets at the level of frames: fragmented messages, and how a connection ends."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import msgpack
import pytest
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from fakefal.handlers.http import Send
from fakefal.handlers.websocket.realtime import RealtimeSocket
from fakefal.protocol.errors.fault import Cut
from fakefal.server.server import FakeFalServer
from tests.building import exchange, scenario
from tests.callers import running_caller, within_limit
from tests.sockets import Socket, open_realtime

ECHO = scenario(exchange({"output": {"said": "{{ input.prompt }}"}}))
KEY = {"Authorization": "Key id:secret"}


def connected(server: FakeFalServer) -> Any:
    url = f"{server.url.replace('http', 'ws', 1)}/fal.run/acme/live/realtime"
    return websockets.connect(url, additional_headers=KEY, proxy=None, max_size=None)


async def end_of(websocket: ClientConnection) -> tuple[list[Any], int]:
    """The remaining messages, and the close code."""
    messages = []
    try:
        while True:
            messages.append(await within_limit(websocket.recv()))
    except ConnectionClosed:
        return messages, websocket.close_code or 0


async def test_a_message_in_many_frames_is_one_input() -> None:
    packed = msgpack.packb({"prompt": "piecemeal"})
    async with running_caller(ECHO) as caller, connected(caller.server) as websocket:
        await websocket.send(bytes([byte]) for byte in packed)
        assert msgpack.unpackb(await within_limit(websocket.recv())) == {"said": "piecemeal"}


async def test_a_ping_is_answered_while_a_call_runs() -> None:
    slow = scenario(exchange({"output": {}, "timeline": [{"IN_PROGRESS": {"for": "1h"}}]}))
    async with running_caller(slow) as caller, connected(caller.server) as websocket:
        await websocket.send(msgpack.packb({"prompt": "a"}))
        await within_limit(await websocket.ping())


async def test_a_caller_that_is_sending_receives_the_close() -> None:
    failing = scenario(exchange({"fail": "runner_disconnected"}))
    async with running_caller(failing) as caller, connected(caller.server) as websocket:
        for _ in range(20):
            await websocket.send(msgpack.packb({"prompt": "a"}))
        messages, code = await end_of(websocket)
        assert [json.loads(message)["error"] for message in messages] == ["INTERNAL_ERROR"]
        assert code == 1000


async def test_a_message_over_the_limit_ends_the_connection() -> None:
    from fakefal.settings import Limits

    async with (
        running_caller(ECHO, limits=Limits(body_bytes=1000)) as caller,
        connected(caller.server) as websocket,
    ):
        await websocket.send(msgpack.packb({"prompt": "x" * 2000}))
        assert await end_of(websocket) == ([], 1009)


async def test_large_inputs_and_outputs_pass() -> None:
    async with running_caller(ECHO) as caller, connected(caller.server) as websocket:
        for size in (65_535, 65_536, 3_000_000):
            await websocket.send(msgpack.packb({"prompt": "x" * size}))
            assert len(msgpack.unpackb(await within_limit(websocket.recv()))["said"]) == size


@pytest.mark.parametrize("fault", ["reset", "close"])
async def test_a_broken_connection_has_no_close_frame(fault: str) -> None:
    broken = scenario(exchange({"output": {}, "faults": {"run": [fault]}}))
    async with running_caller(broken) as caller, connected(caller.server) as websocket:
        await websocket.send(msgpack.packb({"prompt": "a"}))
        assert await end_of(websocket) == ([], 1006)


async def test_stopping_the_server_closes_its_sockets() -> None:
    async with running_caller(ECHO) as caller, open_realtime(caller) as websocket:
        socket = Socket(websocket)
        assert await socket.request(prompt="a") == {"said": "a"}
        await within_limit(caller.server.stop())
        assert await socket.receive() in (1000, 1001, 1006)


async def test_an_error_in_fakefal_is_logged_and_closes_with_1011(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(self: RealtimeSocket, send: Send) -> Cut:
        raise RuntimeError("ours")

    monkeypatch.setattr(RealtimeSocket, "run", fail)
    with caplog.at_level(logging.ERROR, "fakefal"):
        async with running_caller(ECHO) as caller, connected(caller.server) as websocket:
            assert await end_of(websocket) == ([], 1011)
    assert "fakefal failed in a WebSocket" in caplog.text


async def test_two_hundred_sockets_leave_no_tasks() -> None:
    async with running_caller(ECHO) as caller:
        for _ in range(10):
            websockets = await asyncio.gather(*(connected(caller.server) for _ in range(20)))
            for websocket in websockets:
                await websocket.send(msgpack.packb({"prompt": "a"}))
            for websocket in websockets:
                await within_limit(websocket.recv())
            await asyncio.gather(*(websocket.close() for websocket in websockets))
        (tenant,) = caller.server.engine.tenants
        assert not len(tenant.sockets)
