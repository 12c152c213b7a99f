"""Answers that something happens to on their way: late, cut, reset, slow, or no HTTP at all."""

from __future__ import annotations

import asyncio
import math

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion10

from fakefal.engine.core.clock import Clock
from fakefal.handlers.fault_response import (
    apply_fault,
    apply_fault_to_file,
    apply_fault_to_stream,
    split_bytes,
)
from fakefal.handlers.http import BufferedResponse, EventStreamResponse, FileResponse
from fakefal.protocol.errors.fault import Cut, Fault
from fakefal.proxy.resets import reset
from fakefal.server.http.writer import read_windows, response_body, response_head, stream_head

GARBAGE = b"\xff\xfe\x00 this is no event \x80\r\n"


class FaultWriter(web.StreamResponse):
    """An answer and its trouble; written by hand, as much of it as is to come."""

    def __init__(
        self,
        response: BufferedResponse | EventStreamResponse | FileResponse,
        fault: Fault,
        clock: Clock,
        *,
        keep_alive: bool,
    ) -> None:
        super().__init__()
        self._response = response
        self._fault = fault
        self._clock = clock
        self._keep_alive = keep_alive

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open."""
        return self._keep_alive

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to be written."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send what is to come, and end as it is to end."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the caller has gone")
        self._keep_alive = self._keep_alive and request.keep_alive
        connection = _Connection(request, transport, self._clock)
        try:
            await self._send(request, connection)
        except ConnectionResetError:
            self._keep_alive = False  # the caller left first
        return None

    async def _send(self, request: web.BaseRequest, connection: _Connection) -> None:
        fault = self._fault
        if fault.delay_seconds:
            await connection.wait(fault.delay_seconds)
        if fault.raw_response is not None:
            await connection.write(fault.raw_response)
            await self._end_connection(connection, Cut("close", "end"))
        elif fault.cut is not None and fault.cut.point == "before":
            await self._close_stream()
            await self._end_connection(connection, fault.cut)
        elif isinstance(self._response, EventStreamResponse) and fault.outcome is None:
            await self._send_stream(
                apply_fault_to_stream(self._response, fault), request, connection
            )
        else:
            await self._send_buffered(await self._faulty_response(), request, connection)

    async def _faulty_response(self) -> BufferedResponse | FileResponse:
        """The answer as it is to be seen, or what takes the place of a stream."""
        response = self._response
        if isinstance(response, FileResponse):
            return apply_fault_to_file(response, self._fault)
        if isinstance(response, EventStreamResponse):
            await self._close_stream()
            response = BufferedResponse(500, b"", request_id=response.request_id)
        return apply_fault(response, self._fault)

    async def _send_buffered(
        self,
        response: BufferedResponse | FileResponse,
        request: web.BaseRequest,
        connection: _Connection,
    ) -> None:
        cut = self._fault.cut
        keep_alive = self._keep_alive or cut is not None  # up to the cut it looks like any other
        if isinstance(response, FileResponse):
            size = response.stop - response.start
            head = BufferedResponse(response.status, b"", response.headers, response.content_type)
            body = read_windows(response) if request.method != "HEAD" else iter(())
        else:
            size, head = len(response.payload), response
            body = iter((response_body(response, request),))
        await connection.write(response_head(head, request, keep_alive=keep_alive, size=size))
        if cut is None or cut.point != "head":
            share = cut.body_share if cut is not None and cut.point == "body" else 1.0
            remaining = int(size * share)
            for part in body:
                await self._drip(part[:remaining], connection)
                remaining -= len(part)
                if remaining <= 0:
                    break
        if cut is not None:
            await self._end_connection(connection, cut)

    async def _send_stream(
        self, response: EventStreamResponse, request: web.BaseRequest, connection: _Connection
    ) -> None:
        """Write events in HTTP chunks of their own, as far as they are to come.

        For HTTP/1.0, which knows no chunks, the end of the connection is that of the stream.
        """
        cut = self._fault.cut
        in_chunks = request.version != HttpVersion10
        keep_alive = in_chunks and (self._keep_alive or cut is not None)
        await connection.write(stream_head(response, request, keep_alive=keep_alive))
        remaining = cut.event_count if cut is not None and cut.point == "body" else math.inf
        if cut is not None and cut.point == "head":
            remaining = 0
        if remaining:
            async for event in response.chunks:
                await self._drip(event, connection, in_chunks=in_chunks)
                remaining -= not event.startswith(b":")  # a comment is no event
                if remaining <= 0:
                    break
        await response.chunks.aclose()
        last = b"0\r\n\r\n" if in_chunks else b""
        if cut is not None and cut.kind == "garbage":
            await connection.write((_http_chunk(GARBAGE) if in_chunks else GARBAGE) + last)
        elif cut is None or cut.point == "end":
            await connection.write(last)
        if cut is not None:
            await self._end_connection(connection, cut)
        elif not in_chunks:
            await self._end_connection(connection, Cut("close", "end"))

    async def _drip(self, data: bytes, connection: _Connection, *, in_chunks: bool = False) -> None:
        drip = self._fault.slow_body
        parts = [data] if drip is None else split_bytes(data, drip.chunk_bytes)
        for number, part in enumerate(parts):
            if drip is not None and number:
                await connection.wait(drip.interval_seconds)
            if part:
                await connection.write(_http_chunk(part) if in_chunks else part)

    async def _end_connection(self, connection: _Connection, cut: Cut) -> None:
        self._keep_alive = False
        if cut.kind == "stall":
            await connection.wait(cut.stall_seconds)
        if cut.kind == "reset":
            connection.reset()
        else:
            connection.close()

    async def _close_stream(self) -> None:
        if isinstance(self._response, EventStreamResponse):
            await self._response.chunks.aclose()


class _Connection:
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
        await self._clock.yield_to_loop()

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


def _http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
