"""Relays WebSockets to upstream in both directions, without recording the frames."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web

from fakefal.addressing import Address
from fakefal.protocol.core.json_codec import encode
from fakefal.recorder.capture.upstream import HOP_BY_HOP, Upstream

_MAX_MESSAGE_BYTES = 100_000_000
_CLOSE_TIMEOUT_SECONDS = 5.0

WebSocket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse
StartTask = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]
"""Starts a named task and keeps a reference to it."""


async def relay(
    request: web.BaseRequest, address: Address, upstream: Upstream, start_task: StartTask
) -> web.StreamResponse:
    """Connect to upstream, then upgrade, and forward frames until one side closes.

    If upstream rejects the handshake, the caller gets the same status.
    """
    headers = tuple(
        (name, value)
        for name, value in request.headers.items()
        if name.lower() not in HOP_BY_HOP and not name.lower().startswith("sec-websocket-")
    )
    url = upstream.url(address.host, address.path, address.query)
    try:
        upstream_socket = await upstream.open_socket(url, headers, _MAX_MESSAGE_BYTES)
    except aiohttp.WSServerHandshakeError as error:
        body = encode({"detail": error.message})
        return web.Response(status=error.status, body=body, content_type="application/json")
    except (aiohttp.ClientError, OSError) as error:
        body = encode({"detail": f"upstream cannot be reached: {error}"})
        return web.Response(status=502, body=body, content_type="application/json")
    caller_socket = web.WebSocketResponse(
        timeout=_CLOSE_TIMEOUT_SECONDS,
        compress=False,
        max_msg_size=_MAX_MESSAGE_BYTES,
        autoclose=False,
    )
    await caller_socket.prepare(request)
    tasks = {
        start_task(_forward_frames(caller_socket, upstream_socket), "a socket to upstream"),
        start_task(_forward_frames(upstream_socket, caller_socket), "a socket from upstream"),
    }
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for socket, peer in ((caller_socket, upstream_socket), (upstream_socket, caller_socket)):
            if not socket.closed:
                await socket.close(code=_close_code(peer))
    return caller_socket


async def _forward_frames(source: WebSocket, target: WebSocket) -> None:
    while True:
        message = await source.receive()
        if message.type is WSMsgType.TEXT:
            await target.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await target.send_bytes(message.data)
        else:
            return


def _close_code(socket: WebSocket) -> int:
    """The close code of one side that may be sent to the other.

    1005, 1006 and 1015 must not appear in a Close frame (RFC 6455 section 7.4.1).
    """
    code = socket.close_code
    return code if code is not None and code not in (1005, 1006, 1015) else 1000
