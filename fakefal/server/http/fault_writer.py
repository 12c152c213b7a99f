"""Writes responses with connection faults: delayed, cut, reset, slow, or not HTTP."""

from __future__ import annotations

import asyncio
import math

from aiohttp import web
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
from fakefal.server.http.connection import (
    CALLER_LEFT,
    CLOSING,
    KEPT_OPEN,
    Sent,
    response_body,
    response_head,
)
from fakefal.server.http.writer import read_blocks, stream_head

GARBAGE = b"\xff\xfe\x00 this is no event \x80\r\n"


class FaultWriter:
    """Writes as much of a response as its fault lets through, byte by byte under control."""

    def __init__(
        self,
        response: BufferedResponse | EventStreamResponse | FileResponse,
        fault: Fault,
        clock: Clock,
    ) -> None:
        self._response = response
        self._fault = fault
        self._clock = clock
        self._is_keep_alive = True

    async def write(self, request: web.BaseRequest, *, keep_alive: bool) -> Sent:
        """Write the response up to its cut, and end the connection if the fault does."""
        transport = request.transport
        if transport is None or transport.is_closing():
            return CALLER_LEFT
        self._is_keep_alive = keep_alive and request.keep_alive
        connection = _CallerTransport(request, transport, self._clock)
        try:
            await self._send(request, connection)
        except ConnectionResetError:
            self._is_keep_alive = False  # the caller left first
        return KEPT_OPEN if self._is_keep_alive else CLOSING

    async def _send(self, request: web.BaseRequest, connection: _CallerTransport) -> None:
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
        """The response with the fault applied; a stream is replaced by the fault's response."""
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
        connection: _CallerTransport,
    ) -> None:
        cut = self._fault.cut
        keep_alive = self._is_keep_alive or cut is not None  # the head must not reveal the cut
        if isinstance(response, FileResponse):
            size = response.stop - response.start
            head = BufferedResponse(response.status, b"", response.headers, response.content_type)
            body = read_blocks(response) if request.method != "HEAD" else iter(())
        else:
            size, head = len(response.payload), response
            body = iter((response_body(response, request),))
        await connection.write(response_head(head, request, keep_alive=keep_alive, size=size))
        if cut is None or cut.point != "head":
            share = cut.body_share if cut is not None and cut.point == "body" else 1.0
            remaining = int(size * share)
            for part in body:
                await self._write_slowly(part[:remaining], connection)
                remaining -= len(part)
                if remaining <= 0:
                    break
        if cut is not None:
            await self._end_connection(connection, cut)

    async def _send_stream(
        self, response: EventStreamResponse, request: web.BaseRequest, connection: _CallerTransport
    ) -> None:
        """Write each event in its own HTTP chunk, up to the cut.

        HTTP/1.0 has no chunked encoding: there the stream ends with the connection.
        """
        cut = self._fault.cut
        in_chunks = request.version != HttpVersion10
        keep_alive = in_chunks and (self._is_keep_alive or cut is not None)
        await connection.write(stream_head(response, request, keep_alive=keep_alive))
        remaining = cut.event_count if cut is not None and cut.point == "body" else math.inf
        if cut is not None and cut.point == "head":
            remaining = 0
        if remaining:
            async for event in response.chunks:
                await self._write_slowly(event, connection, in_chunks=in_chunks)
                remaining -= not event.startswith(b":")  # comments do not count
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

    async def _write_slowly(
        self, data: bytes, connection: _CallerTransport, *, in_chunks: bool = False
    ) -> None:
        slow_body = self._fault.slow_body
        parts = [data] if slow_body is None else split_bytes(data, slow_body.chunk_bytes)
        for number, part in enumerate(parts):
            if slow_body is not None and number:
                await connection.wait(slow_body.interval_seconds)
            if part:
                await connection.write(_http_chunk(part) if in_chunks else part)

    async def _end_connection(self, connection: _CallerTransport, cut: Cut) -> None:
        self._is_keep_alive = False
        if cut.kind == "stall":
            await connection.wait(cut.stall_seconds)
        if cut.kind == "reset":
            connection.reset()
        else:
            connection.close()

    async def _close_stream(self) -> None:
        if isinstance(self._response, EventStreamResponse):
            await self._response.chunks.aclose()


class _CallerTransport:
    """The transport of one request, written with flow control."""

    def __init__(
        self, request: web.BaseRequest, transport: asyncio.Transport, clock: Clock
    ) -> None:
        self._writer = request.writer
        self._transport = transport
        self._clock = clock
        # asyncio's SSLProtocol pauses at size >= high: with high=0 it would pause with an empty
        # buffer, and wait forever.
        transport.set_write_buffer_limits(high=1 if request.secure else 0, low=0)

    async def wait(self, seconds: float) -> None:
        """Wait on the clock, at least one loop turn, so that earlier bytes are sent first."""
        await self._clock.wait_until(self._clock.later(self._clock.now(), seconds))
        await self._clock.yield_to_loop()

    async def write(self, data: bytes) -> None:
        """Write, and wait until all bytes are handed to the operating system."""
        if self._transport.is_closing():
            raise ConnectionResetError("the caller has left")
        self._transport.write(data)
        await self._writer.drain()

    def close(self) -> None:
        """Close the connection after the written bytes."""
        self._transport.close()

    def reset(self) -> None:
        """Abort the connection with a TCP RST."""
        reset(self._transport)


def _http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
