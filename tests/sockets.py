"""Realtime sockets for tests: opened like those of a client, read message by message."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import msgpack
from yarl import URL

from tests.callers import KEY, RUN, Caller, soon

APP = "acme/live"
CLOSES = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)


def opening(
    caller: Caller, endpoint: str = APP, query: str = "", *, key: str | None = KEY, **more: Any
) -> Any:
    """The socket, to be entered with ``async with``; it leaves the close to the fake."""
    headers = {"Host": RUN}
    if key is not None:
        headers["Authorization"] = f"Key {key}"
    url = URL(f"{caller.fake.url}/{endpoint}/realtime{query}", encoded=True)
    return caller.session.ws_connect(url, headers=headers, **more)


class Socket:
    """One side of a conversation."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self.line = line

    async def send(self, **value: Any) -> None:
        await self.line.send_bytes(msgpack.packb(value))

    async def heard(self) -> Any:
        """The next message: an output, a control message, or the code of the close."""
        message = await soon(self.line.receive())
        if message.type is aiohttp.WSMsgType.BINARY:
            return msgpack.unpackb(message.data, raw=False)
        if message.type is aiohttp.WSMsgType.TEXT:
            return json.loads(message.data)
        return self.line.close_code

    async def asked(self, **value: Any) -> Any:
        """Send an input and hear what comes."""
        await self.send(**value)
        return await self.heard()


WS = "ws.fal.run"


def connecting(
    caller: Caller, path: str, *, host: str = RUN, key: str | None = KEY, **more: Any
) -> Any:
    """Any socket of a fal host, to be entered with ``async with``."""
    headers = {"Host": host}
    if key is not None:
        headers["Authorization"] = f"Key {key}"
    url = URL(f"{caller.fake.url}{path}", encoded=True)
    return caller.session.ws_connect(url, headers=headers, max_msg_size=0, **more)


async def frame(line: aiohttp.ClientWebSocketResponse) -> Any:
    """The next frame as it came: text, bytes, or the code of the close (1006 without one)."""
    message = await soon(line.receive())
    if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
        return message.data
    return line.close_code or 1006


async def answer(line: aiohttp.ClientWebSocketResponse) -> tuple[dict[str, Any], bytes, Any]:
    """An answer over ws.fal.run: its start, its body, and its end (or the code of the close)."""
    start = json.loads(await frame(line))
    body = b""
    while isinstance(part := await frame(line), bytes):
        body += part
    return start, body, json.loads(part) if isinstance(part, str) else part
