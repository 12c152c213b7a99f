"""Runs a WebSocket session over a connection, and ends it with the session's close or cut."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import WSMsgType, web

from fakefal.handlers.http import WebSocketSession
from fakefal.protocol.errors.fault import Cut
from fakefal.protocol.errors.ingress import ingress_error
from fakefal.protocol.websocket.realtime import INTERNAL_ERROR
from fakefal.proxy.resets import reset
from fakefal.server.http.connection import SERVER
from fakefal.server.tasks import Tasks

_LOG = logging.getLogger("fakefal")
_CLOSE_SECONDS = 5.0
"""How long to wait for the caller's close frame, while it may still read earlier messages."""


async def run_websocket(
    request: web.BaseRequest, session: WebSocketSession, tasks: Tasks, max_message_bytes: int
) -> web.StreamResponse:
    """Upgrade and run the session to its end; raises the 400 of a malformed upgrade.

    A message over ``max_message_bytes`` closes the socket with 1009 (RFC 6455 section 7.4.1).
    """
    websocket = web.WebSocketResponse(
        timeout=_CLOSE_SECONDS, compress=False, max_msg_size=max_message_bytes
    )
    if not websocket.can_prepare(request):
        raise ingress_error(400, "the WebSocket upgrade is malformed")
    websocket.headers["Server"] = SERVER
    if request.task is not None:
        tasks.track(request.task)
    await websocket.prepare(request)
    receiving = tasks.start(_receive(websocket, session), "a socket's messages")
    running = tasks.start(
        session.run(lambda message: _send(websocket, message)), "a socket's answers"
    )
    try:
        await asyncio.wait((receiving, running), return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Stop receiving first: aiohttp's close() waits for the peer's close frame only if no other
        # task is in receive().
        receiving.cancel()
        await asyncio.wait((receiving,))
        if not running.done():
            running.cancel()
            await asyncio.wait((running,))
        # Also reached by cancellation, when the caller leaves.
        cut = _cut_of(running)
        session.on_closed(_close_note(cut, websocket.close_code))
    if cut is not None and cut.close_code:
        await websocket.close(code=cut.close_code, message=cut.reason.encode())
    elif cut is not None:
        _drop_connection(request, cut)
    return websocket


def _close_note(cut: Cut | None, code: int | None) -> str:
    """How the socket ended, for the journal; ``code`` is that of the caller's close frame."""
    if cut is None:
        return "the caller left" if code is None else f"the caller closed it with {code}"
    if cut.close_code:
        return f"closed with {cut.close_code}"
    return "reset" if cut.kind == "reset" else "broken off"


async def _receive(websocket: web.WebSocketResponse, session: WebSocketSession) -> None:
    while True:
        message = await websocket.receive()
        if message.type is WSMsgType.BINARY or message.type is WSMsgType.TEXT:
            await session.on_message(message.data)
        else:
            return


async def _send(websocket: web.WebSocketResponse, message: bytes | str) -> None:
    if isinstance(message, str):
        await websocket.send_str(message)
    else:
        await websocket.send_bytes(message)


def _cut_of(running: asyncio.Task[Cut]) -> Cut | None:
    """How the session ends; None if the caller has left."""
    if running.cancelled():
        return None
    error = running.exception()
    if error is None:
        return running.result()
    if isinstance(error, ConnectionError):
        return None
    _LOG.error("fakefal failed in a WebSocket", exc_info=error)
    return Cut("close", "end", close_code=INTERNAL_ERROR)


def _drop_connection(request: web.BaseRequest, cut: Cut) -> None:
    """End the connection without a close frame, which clients report as code 1006."""
    transport = request.transport
    if transport is None:
        return
    if cut.kind == "reset":
        reset(transport)
    else:
        transport.close()
