"""Sockets at the level of frames: how messages come, and how a connection ends."""

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


def connected(fake: FakeFalServer) -> Any:
    url = f"{fake.url.replace('http', 'ws', 1)}/fal.run/acme/live/realtime"
    return websockets.connect(url, additional_headers=KEY, proxy=None, max_size=None)


async def end_of(line: ClientConnection) -> tuple[list[Any], int]:
    """What is still to come, and the code of the close."""
    heard = []
    try:
        while True:
            heard.append(await within_limit(line.recv()))
    except ConnectionClosed:
        return heard, line.close_code or 0


async def test_a_message_in_many_frames_is_one_input() -> None:
    packed = msgpack.packb({"prompt": "piecemeal"})
    async with running_caller(ECHO) as caller, connected(caller.server) as line:
        await line.send(bytes([byte]) for byte in packed)
        assert msgpack.unpackb(await within_limit(line.recv())) == {"said": "piecemeal"}


async def test_a_ping_is_answered_while_a_call_runs() -> None:
    slow = scenario(exchange({"output": {}, "timeline": [{"IN_PROGRESS": {"for": "1h"}}]}))
    async with running_caller(slow) as caller, connected(caller.server) as line:
        await line.send(msgpack.packb({"prompt": "a"}))
        await within_limit(await line.ping())


async def test_the_end_of_a_session_reaches_a_caller_that_is_sending() -> None:
    failing = scenario(exchange({"fail": "runner_disconnected"}))
    async with running_caller(failing) as caller, connected(caller.server) as line:
        for _ in range(20):
            await line.send(msgpack.packb({"prompt": "a"}))
        heard, code = await end_of(line)
        assert [json.loads(it)["error"] for it in heard] == ["INTERNAL_ERROR"]
        assert code == 1000


async def test_a_message_over_the_limit_ends_the_connection() -> None:
    from fakefal.settings import Limits

    async with (
        running_caller(ECHO, limits=Limits(body_bytes=1000)) as caller,
        connected(caller.server) as line,
    ):
        await line.send(msgpack.packb({"prompt": "x" * 2000}))
        assert await end_of(line) == ([], 1009)


async def test_large_inputs_and_outputs_pass() -> None:
    async with running_caller(ECHO) as caller, connected(caller.server) as line:
        for size in (65_535, 65_536, 3_000_000):
            await line.send(msgpack.packb({"prompt": "x" * size}))
            assert len(msgpack.unpackb(await within_limit(line.recv()))["said"]) == size


@pytest.mark.parametrize("fault", ["reset", "close"])
async def test_a_broken_connection_is_no_close(fault: str) -> None:
    broken = scenario(exchange({"output": {}, "faults": {"run": [fault]}}))
    async with running_caller(broken) as caller, connected(caller.server) as line:
        await line.send(msgpack.packb({"prompt": "a"}))
        assert await end_of(line) == ([], 1006)


async def test_a_server_that_stops_takes_its_sockets_along() -> None:
    async with running_caller(ECHO) as caller, open_realtime(caller) as line:
        socket = Socket(line)
        assert await socket.request(prompt="a") == {"said": "a"}
        await within_limit(caller.server.stop())
        assert await socket.receive() in (1000, 1001, 1006)


async def test_a_fault_of_ours_is_logged_and_closes_with_1011(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk(self: RealtimeSocket, send: Send) -> Cut:
        raise RuntimeError("ours")

    monkeypatch.setattr(RealtimeSocket, "talk", talk)
    with caplog.at_level(logging.ERROR, "fakefal"):
        async with running_caller(ECHO) as caller, connected(caller.server) as line:
            assert await end_of(line) == ([], 1011)
    assert "fakefal failed in a WebSocket" in caplog.text


async def test_after_two_hundred_sockets_nothing_is_left() -> None:
    async with running_caller(ECHO) as caller:
        for _ in range(10):
            lines = await asyncio.gather(*(connected(caller.server) for _ in range(20)))
            for line in lines:
                await line.send(msgpack.packb({"prompt": "a"}))
            for line in lines:
                await within_limit(line.recv())
            await asyncio.gather(*(line.close() for line in lines))
        (tenant,) = caller.server.engine.tenants
        assert not len(tenant.sockets)
