"""WebSocket clients for tests, read message by message."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import msgpack
from yarl import URL

from tests.callers import KEY, RUN, Caller, within_limit

APP = "acme/live"
CLOSES = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)


def open_realtime(
    caller: Caller, endpoint: str = APP, query: str = "", *, key: str | None = KEY, **options: Any
) -> Any:
    """Open a realtime session: ``async with``."""
    headers = {"Host": RUN}
    if key is not None:
        headers["Authorization"] = f"Key {key}"
    url = URL(f"{caller.server.url}/{endpoint}/realtime{query}", encoded=True)
    return caller.session.ws_connect(url, headers=headers, **options)


class Socket:
    """The client side of a realtime session."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self.websocket = websocket

    async def send(self, **value: Any) -> None:
        await self.websocket.send_bytes(msgpack.packb(value))

    async def receive(self) -> Any:
        """The next message: an output, a control message, or the close code."""
        message = await within_limit(self.websocket.receive())
        if message.type is aiohttp.WSMsgType.BINARY:
            return msgpack.unpackb(message.data, raw=False)
        if message.type is aiohttp.WSMsgType.TEXT:
            return json.loads(message.data)
        return self.websocket.close_code

    async def request(self, **value: Any) -> Any:
        """Send an input and return the next message."""
        await self.send(**value)
        return await self.receive()


WS = "ws.fal.run"


def open_socket(
    caller: Caller, path: str, *, host: str = RUN, key: str | None = KEY, **options: Any
) -> Any:
    """Open any WebSocket of a fal host: ``async with``."""
    headers = {"Host": host}
    if key is not None:
        headers["Authorization"] = f"Key {key}"
    url = URL(f"{caller.server.url}{path}", encoded=True)
    return caller.session.ws_connect(url, headers=headers, max_msg_size=0, **options)


async def receive_frame(websocket: aiohttp.ClientWebSocketResponse) -> Any:
    """The next frame: text, bytes, or the close code (1006 without a close frame)."""
    message = await within_limit(websocket.receive())
    if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
        return message.data
    return websocket.close_code or 1006


async def receive_response(
    websocket: aiohttp.ClientWebSocketResponse,
) -> tuple[dict[str, Any], bytes, Any]:
    """A response over ws.fal.run: its start, body and end (or the close code)."""
    start = json.loads(await receive_frame(websocket))
    body = b""
    while isinstance(part := await receive_frame(websocket), bytes):
        body += part
    return start, body, json.loads(part) if isinstance(part, str) else part
