"""WebSockets to upstream: every frame is handed on, both ways, and none is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web

from fakefal.addressing import Address
from fakefal.protocol.core.json_codec import encode
from fakefal.recorder.capture.upstream import HOP_BY_HOP, Upstream

_LIMIT_BYTES = 100_000_000
_CLOSE_SECONDS = 5.0

Line = web.WebSocketResponse | aiohttp.ClientWebSocketResponse
Start = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]


async def relay(
    request: web.BaseRequest, address: Address, upstream: Upstream, start: Start
) -> web.StreamResponse:
    """Connect to upstream, then upgrade, and hand frames on until one side closes.

    A refusal before the upgrade is handed on with its status.
    """
    headers = tuple(
        (name, value)
        for name, value in request.headers.items()
        if name.lower() not in HOP_BY_HOP and not name.lower().startswith("sec-websocket-")
    )
    url = upstream.url(address.host, address.path, address.query)
    try:
        there = await upstream.open_socket(url, headers, _LIMIT_BYTES)
    except aiohttp.WSServerHandshakeError as error:
        body = encode({"detail": error.message})
        return web.Response(status=error.status, body=body, content_type="application/json")
    except (aiohttp.ClientError, OSError) as error:
        body = encode({"detail": f"upstream is out of reach: {error}"})
        return web.Response(status=502, body=body, content_type="application/json")
    here = web.WebSocketResponse(
        timeout=_CLOSE_SECONDS, compress=False, max_msg_size=_LIMIT_BYTES, autoclose=False
    )
    await here.prepare(request)
    ways = {
        start(_hand_on(here, there), "a socket to upstream"),
        start(_hand_on(there, here), "a socket from upstream"),
    }
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        for line, other in ((here, there), (there, here)):
            if not line.closed:
                await line.close(code=_code(other))
    return here


async def _hand_on(source: Line, target: Line) -> None:
    while True:
        message = await source.receive()
        if message.type is WSMsgType.TEXT:
            await target.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await target.send_bytes(message.data)
        else:
            return


def _code(line: Line) -> int:
    """The code that a side closed with, as the other may be told it."""
    code = line.close_code
    return code if code is not None and code not in (1005, 1006, 1015) else 1000
