"""Answers that something happens to on their way: late, cut, reset, slow, or no HTTP at all."""

from __future__ import annotations

import asyncio
import math

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion10

from fakefal.engine.core.clock import Clock
from fakefal.handlers.fault_response import pieces, spoilt, spoilt_file, spoilt_stream
from fakefal.handlers.http import EventStream, FileBody, Response
from fakefal.protocol.errors.fault import Cut, Trouble
from fakefal.proxy.resets import reset
from fakefal.server.http.writer import body_of, head_of, stream_head, windows

GARBAGE = b"\xff\xfe\x00 this is no event \x80\r\n"


class Troubled(web.StreamResponse):
    """An answer and its trouble; written by hand, as much of it as is to come."""

    def __init__(
        self,
        answer: Response | EventStream | FileBody,
        trouble: Trouble,
        clock: Clock,
        *,
        keep_alive: bool,
    ) -> None:
        super().__init__()
        self._answer = answer
        self._trouble = trouble
        self._clock = clock
        self._stays = keep_alive

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open."""
        return self._stays

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to be written."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send what is to come, and end as it is to end."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the caller has gone")
        self._stays = self._stays and request.keep_alive
        line = _Line(request, transport, self._clock)
        try:
            await self._send(request, line)
        except ConnectionResetError:
            self._stays = False  # the caller left first
        return None

    async def _send(self, request: web.BaseRequest, line: _Line) -> None:
        trouble = self._trouble
        if trouble.delay_seconds:
            await line.wait(trouble.delay_seconds)
        if trouble.raw is not None:
            await line.write(trouble.raw)
            await self._end(line, Cut("close", "end"))
        elif trouble.cut is not None and trouble.cut.where == "before":
            await self._close_stream()
            await self._end(line, trouble.cut)
        elif isinstance(self._answer, EventStream) and trouble.refusal is None:
            await self._send_stream(spoilt_stream(self._answer, trouble), request, line)
        else:
            await self._send_whole(await self._spoilt(), request, line)

    async def _spoilt(self) -> Response | FileBody:
        """The answer as it is to be seen, or what takes the place of a stream."""
        answer = self._answer
        if isinstance(answer, FileBody):
            return spoilt_file(answer, self._trouble)
        if isinstance(answer, EventStream):
            await self._close_stream()
            answer = Response(500, b"", request_id=answer.request_id)
        return spoilt(answer, self._trouble)

    async def _send_whole(
        self, answer: Response | FileBody, request: web.BaseRequest, line: _Line
    ) -> None:
        cut = self._trouble.cut
        stays = self._stays or cut is not None  # up to the cut it looks like any other
        if isinstance(answer, FileBody):
            size = answer.stop - answer.start
            head = Response(answer.status, b"", answer.headers, answer.content_type)
            body = windows(answer) if request.method != "HEAD" else iter(())
        else:
            size, head = len(answer.payload), answer
            body = iter((body_of(answer, request),))
        await line.write(head_of(head, request, stays=stays, size=size))
        if cut is None or cut.where != "head":
            share = cut.share if cut is not None and cut.where == "body" else 1.0
            left = int(size * share)
            for part in body:
                await self._drip(part[:left], line)
                left -= len(part)
                if left <= 0:
                    break
        if cut is not None:
            await self._end(line, cut)

    async def _send_stream(
        self, answer: EventStream, request: web.BaseRequest, line: _Line
    ) -> None:
        """Write events in HTTP chunks of their own, as far as they are to come.

        For HTTP/1.0, which knows no chunks, the end of the connection is that of the stream.
        """
        cut = self._trouble.cut
        in_chunks = request.version != HttpVersion10
        stays = in_chunks and (self._stays or cut is not None)
        await line.write(stream_head(answer, request, stays=stays))
        left = cut.events if cut is not None and cut.where == "body" else math.inf
        if cut is not None and cut.where == "head":
            left = 0
        if left:
            async for event in answer.chunks:
                await self._drip(event, line, in_chunks=in_chunks)
                left -= not event.startswith(b":")  # a comment is no event
                if left <= 0:
                    break
        await answer.chunks.aclose()
        last = b"0\r\n\r\n" if in_chunks else b""
        if cut is not None and cut.how == "garbage":
            await line.write((_chunk(GARBAGE) if in_chunks else GARBAGE) + last)
        elif cut is None or cut.where == "end":
            await line.write(last)
        if cut is not None:
            await self._end(line, cut)
        elif not in_chunks:
            await self._end(line, Cut("close", "end"))

    async def _drip(self, data: bytes, line: _Line, *, in_chunks: bool = False) -> None:
        drip = self._trouble.drip
        parts = [data] if drip is None else pieces(data, drip.size)
        for number, part in enumerate(parts):
            if drip is not None and number:
                await line.wait(drip.every_seconds)
            if part:
                await line.write(_chunk(part) if in_chunks else part)

    async def _end(self, line: _Line, cut: Cut) -> None:
        self._stays = False
        if cut.how == "stall":
            await line.wait(cut.seconds)
        if cut.how == "reset":
            line.reset()
        else:
            line.close()

    async def _close_stream(self) -> None:
        if isinstance(self._answer, EventStream):
            await self._answer.chunks.aclose()


class _Line:
    """The connection to one caller."""

    def __init__(
        self, request: web.BaseRequest, transport: asyncio.Transport, clock: Clock
    ) -> None:
        self._writer = request.writer
        self._transport = transport
        self._clock = clock
        # asyncio's TLS, told 0, stops at nothing and never goes on.
        transport.set_write_buffer_limits(high=1 if request.secure else 0, low=0)

    async def wait(self, seconds: float) -> None:
        """Let time pass; without a wait, let at least the bytes so far go out on their own."""
        await self._clock.wait_until(self._clock.later(self._clock.now(), seconds))
        await self._clock.turn()

    async def write(self, data: bytes) -> None:
        """Write, and wait until the system has all of it."""
        if self._transport.is_closing():
            raise ConnectionResetError("the caller has gone")
        self._transport.write(data)
        await self._writer.drain()

    def close(self) -> None:
        """End the connection in order."""
        self._transport.close()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        reset(self._transport)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
