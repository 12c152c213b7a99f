"""ws.fal.run: HTTP over a WebSocket. Requests may be sent at once; answers come in their order."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import replace

from fakefal.engine.core.clock import Signal
from fakefal.engine.sockets.sockets import seconds_of
from fakefal.handlers import openai
from fakefal.handlers.bodies import read_body
from fakefal.handlers.fault_response import pieces, single_events, spoilt, spoilt_stream
from fakefal.handlers.http import Answer, EventStream, Request, Response, Send, answered, failed
from fakefal.handlers.websocket.sockets import GONE, Opening, Session, is_upgrade, opening
from fakefal.protocol.core import headers as names
from fakefal.protocol.errors.errors import WireError
from fakefal.protocol.errors.fault import Cut, Interrupted, Trouble
from fakefal.protocol.websocket import ws_http
from fakefal.protocol.websocket.realtime import GARBAGE

_WAITING = 1_000
_WAITING_BYTES = 64_000_000
"""How much may wait; beyond that nothing more is read until an answer is out."""

_STILL = Trouble("")


async def connect(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /{endpoint}``: a socket on which each text frame is a request to the endpoint.

    Source: protocol.md section 11.3.
    """
    return await _open(request, parts["endpoint"], is_stream=False)


async def stream(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /{endpoint}/stream``: the same, answered by server-sent events."""
    return await _open(request, parts["endpoint"], is_stream=True)


async def _open(request: Request, endpoint: str, *, is_stream: bool) -> Answer:
    if not is_upgrade(request):
        note = "ws.fal.run speaks WebSocket only"
        raise WireError(426, {"detail": "Upgrade Required"}, (("Upgrade", "websocket"),), note=note)
    opened = opening(request, endpoint, "ws")
    await opened.enter()
    return Pipeline(opened, is_stream=is_stream).conversation()


class Pipeline(Session):
    """One socket. Requests are answered one after the other, whatever becomes of each."""

    def __init__(self, opened: Opening, *, is_stream: bool) -> None:
        super().__init__(opened)
        self._is_stream = is_stream
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._freed = Signal()

    async def hear(self, frame: bytes | str) -> None:
        """Take a request; returns when there is room for another."""
        body = frame.encode("utf-8", "surrogatepass") if isinstance(frame, str) else frame
        self._waiting.append(body)
        self._size += len(body)
        self.stirred.set()
        while len(self._waiting) >= _WAITING or self._size >= _WAITING_BYTES:
            await self.clock.wait_until(math.inf, self._freed)

    async def converse(self, send: Send) -> Cut:
        """Answer until the caller leaves, or a scenario breaks the connection."""
        while not self.is_over:
            if not self._waiting:
                await self.clock.wait_until(math.inf, self.stirred)
                continue
            body = self._waiting.popleft()
            self._size -= len(body)
            self._freed.set()
            end = await self._answer(body, send)
            if end is not None:
                return end
        return GONE

    async def _answer(self, body: bytes, send: Send) -> Cut | None:
        """Answer a request; None if the next one may be."""
        given, flaws = read_body(body)
        fingerprint = body if len(body) <= 256 else b""
        call = replace(self.call, input=given, flaws=flaws, fingerprint=fingerprint)
        seconds = 0.0
        try:
            if self._is_stream or openai.asks_for_stream(call):
                if self.tenant.answering.asks:
                    await self.tenant.answering.ask(call, "stream")
                streaming = self.tenant.stream(call)
                answer: Response | EventStream = openai.event_stream_of(call)(
                    self.request, streaming, self.clock
                )
                seconds = streaming.first_seconds
            else:
                found = await self.tenant.run(call)
                seconds = seconds_of(found)
                dialogue = self.tenant.sockets.dialogue(call, found)
                if dialogue is not None and found.trouble is None:
                    return await dialogue.reply(given, send)
                outcome = found.ending.outcome
                answer = answered(
                    self.request, outcome, found.request_id, found.units, found.trouble
                )
        except WireError as error:
            answer = failed(error)
        except Interrupted as interrupted:
            answer = Response(500, b"", request_id=interrupted.request_id)
            answer.trouble = interrupted.trouble
        return await self._write(answer, seconds, send)

    async def _write(
        self, answer: Response | EventStream, seconds: float, send: Send
    ) -> Cut | None:
        """Write an answer with what goes wrong on its way."""
        trouble = answer.trouble or _STILL
        if trouble.delay_seconds:
            await self.wait(trouble.delay_seconds)
        if self.is_over:
            return GONE
        if isinstance(answer, EventStream) and trouble.refusal is not None:
            await answer.chunks.aclose()
            answer = Response(500, b"", request_id=answer.request_id)
        is_silent = trouble.is_unanswered or trouble.raw is not None
        if is_silent or (trouble.cut is not None and trouble.cut.where == "before"):
            if isinstance(answer, EventStream):
                await answer.chunks.aclose()
            if not is_silent:
                return await self.broken(trouble)
            if trouble.raw is not None:
                await send(GARBAGE)
            return None
        if isinstance(answer, EventStream):
            if answer.trouble is not None:
                answer = spoilt_stream(answer, trouble)
            return await self._write_stream(answer, trouble, seconds, send)
        request_id = answer.request_id
        if answer.trouble is not None:
            answer = spoilt(answer, trouble)
        return await self._write_whole(answer, request_id, trouble, seconds, send)

    async def _write_whole(
        self, answer: Response, request_id: str, trouble: Trouble, seconds: float, send: Send
    ) -> Cut | None:
        request_id = request_id or self.tenant.sockets.some_id(self.call)
        units = answer.units
        headers = [("Content-Type", answer.content_type)]
        if answer.request_id:  # the ingress knows of none
            headers.append((names.REQUEST_ID, request_id))
        if units is not None:
            headers.append((names.BILLABLE_UNITS, names.format_units(units)))
        await send(ws_http.start(request_id, answer.status, _told(headers, answer.headers)))
        cut, body = trouble.cut, answer.payload
        if cut is not None and cut.where != "end":
            body = body[: int(len(body) * cut.share)] if cut.where == "body" else b""
        for part in ws_http.frames(body):
            await self._drip(part, trouble, send)
        if cut is None or cut.where == "end":
            await send(ws_http.end(request_id, answer.status, seconds))
        return None if cut is None else await self.broken(trouble)

    async def _write_stream(
        self, answer: EventStream, trouble: Trouble, seconds: float, send: Send
    ) -> Cut | None:
        request_id = answer.request_id
        headers = [
            ("Content-Type", answer.content_type),
            ("Transfer-Encoding", "chunked"),
            (names.REQUEST_ID, request_id),
        ]
        cut = trouble.cut
        try:
            await send(ws_http.start(request_id, 200, _told(headers, answer.headers)))
            left = math.inf if cut is None or cut.where != "body" else cut.events
            if cut is not None and cut.where == "head":
                left = 0
            if left:
                async for event in single_events(answer.chunks):
                    for part in ws_http.frames(event):
                        await self._drip(part, trouble, send)
                    left -= not event.startswith(b":")  # a comment is no event
                    if left <= 0 or self.is_over:
                        break
        finally:
            await answer.chunks.aclose()
        if cut is None or cut.where == "end":
            await send(ws_http.end(request_id, 200, seconds))
        elif cut.how == "garbage":
            await send(GARBAGE)
        return None if cut is None else await self.broken(trouble)

    async def _drip(self, data: bytes, trouble: Trouble, send: Send) -> None:
        drip = trouble.drip
        for number, part in enumerate([data] if drip is None else pieces(data, drip.size)):
            if drip is not None and number:
                await self.wait(drip.every_seconds)
            await send(part)


def _told(usual: list[tuple[str, str]], own: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """The headers of an answer; those of a scenario take the place of the usual ones."""
    given = {name.lower() for name, _ in own}
    return [pair for pair in usual if pair[0].lower() not in given] + list(own)
