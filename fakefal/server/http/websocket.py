"""WebSockets: carries a conversation's messages to and from the caller, and ends it as told."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import WSMsgType, web

from fakefal.handlers.http import Conversation
from fakefal.protocol.errors.fault import Cut
from fakefal.protocol.errors.ingress import refused_by_ingress
from fakefal.protocol.websocket.realtime import FAILED
from fakefal.proxy.resets import reset
from fakefal.server.http.writer import SERVER
from fakefal.server.tasks import Tasks

_LOG = logging.getLogger("fakefal")
_CLOSE_SECONDS = 5.0
"""How long the caller's own close is waited for: until then it may still read what was sent."""


async def converse(
    request: web.BaseRequest, answer: Conversation, tasks: Tasks, limit: int
) -> web.StreamResponse:
    """Upgrade, then talk until one side ends it; raises the 400 of a malformed upgrade.

    A message of more than ``limit`` bytes ends it with 1009.
    """
    line = web.WebSocketResponse(timeout=_CLOSE_SECONDS, compress=False, max_msg_size=limit)
    if not line.can_prepare(request):
        raise refused_by_ingress(400, "the WebSocket upgrade is malformed")
    line.headers["Server"] = SERVER
    if request.task is not None:
        tasks.adopt(request.task)
    await line.prepare(request)
    listening = tasks.start(_listen(line, answer), "a socket's messages")
    talking = tasks.start(answer.talk(lambda message: _send(line, message)), "a socket's answers")
    try:
        await asyncio.wait((listening, talking), return_when=asyncio.FIRST_COMPLETED)
    finally:
        # The listener goes first: only then does a close wait for that of the other side.
        listening.cancel()
        await asyncio.wait((listening,))
        if not talking.done():
            talking.cancel()
            await asyncio.wait((talking,))
        # This task is cancelled too when the caller leaves.
        end = _end_of(talking)
        answer.closed(_told(end, line.close_code))
    if end is not None and end.code:
        await line.close(code=end.code, message=end.reason.encode())
    elif end is not None:
        _break(request, end)
    return line


def _told(end: Cut | None, code: int | None) -> str:
    """How a socket ends, in words; ``code`` is that of the caller's close frame."""
    if end is None:
        return "the caller left" if code is None else f"the caller closed it with {code}"
    if end.code:
        return f"closed with {end.code}"
    return "reset" if end.how == "reset" else "broken off"


async def _listen(line: web.WebSocketResponse, answer: Conversation) -> None:
    while True:
        message = await line.receive()
        if message.type is WSMsgType.BINARY or message.type is WSMsgType.TEXT:
            await answer.hear(message.data)
        else:
            return


async def _send(line: web.WebSocketResponse, message: bytes | str) -> None:
    if isinstance(message, str):
        await line.send_str(message)
    else:
        await line.send_bytes(message)


def _end_of(talking: asyncio.Task[Cut]) -> Cut | None:
    """How the conversation is to end; None if the caller has left."""
    if talking.cancelled():
        return None
    error = talking.exception()
    if error is None:
        return talking.result()
    if isinstance(error, ConnectionError):
        return None
    _LOG.error("fakefal failed in a WebSocket", exc_info=error)
    return Cut("close", "end", code=FAILED)


def _break(request: web.BaseRequest, cut: Cut) -> None:
    """End the connection without a close frame, which callers see as 1006."""
    transport = request.transport
    if transport is None:
        return
    if cut.how == "reset":
        reset(transport)
    else:
        transport.close()
