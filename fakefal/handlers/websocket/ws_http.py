"""ws.fal.run: HTTP over a WebSocket, with pipelined requests and responses in order."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import replace

from fakefal.engine.core.clock import Signal
from fakefal.engine.sockets.sockets import seconds_of
from fakefal.handlers import openai
from fakefal.handlers.bodies import read_body
from fakefal.handlers.fault_response import (
    apply_fault,
    apply_fault_to_stream,
    split_bytes,
    split_events,
)
from fakefal.handlers.http import (
    BufferedResponse,
    EventStreamResponse,
    HttpResponse,
    Request,
    Send,
    response_for_error,
    response_for_outcome,
)
from fakefal.handlers.websocket.sockets import (
    CLOSE_GOING_AWAY,
    FalSocket,
    Handshake,
    is_upgrade,
    read_handshake,
)
from fakefal.protocol.core import headers as names
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import Cut, Fault, FaultAbort
from fakefal.protocol.websocket import ws_http
from fakefal.protocol.websocket.realtime import GARBAGE_FRAME

_MAX_WAITING = 1_000
_MAX_WAITING_BYTES = 64_000_000
"""Bounds of waiting requests; beyond them reading stops until a response was sent."""

_NO_FAULT = Fault("")


async def connect(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /{endpoint}``: a socket on which each text frame is a request to the endpoint.

    Source: documented (docs/reference/realtime.md#http-over-websocket).
    """
    return await _open(request, parts["endpoint"], is_stream=False)


async def stream(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /{endpoint}/stream``: the same, with server-sent events as responses."""
    return await _open(request, parts["endpoint"], is_stream=True)


async def _open(request: Request, endpoint: str, *, is_stream: bool) -> HttpResponse:
    if not is_upgrade(request):
        note = "ws.fal.run supports WebSocket only"
        raise ApiError(426, {"detail": "Upgrade Required"}, (("Upgrade", "websocket"),), hint=note)
    handshake = read_handshake(request, endpoint, "ws")
    await handshake.accept()
    return WsHttpSocket(handshake, is_stream=is_stream).session()


class WsHttpSocket(FalSocket):
    """A socket that responds to requests one after the other; a failed one does not end it."""

    def __init__(self, handshake: Handshake, *, is_stream: bool) -> None:
        super().__init__(handshake)
        self._is_stream = is_stream
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._room_made = Signal()

    async def on_message(self, frame: bytes | str) -> None:
        """Queue a request; returns when there is room for the next one."""
        body = frame.encode("utf-8", "surrogatepass") if isinstance(frame, str) else frame
        self._waiting.append(body)
        self._waiting_bytes += len(body)
        self.changed.set()
        while len(self._waiting) >= _MAX_WAITING or self._waiting_bytes >= _MAX_WAITING_BYTES:
            await self.clock.wait_until(math.inf, self._room_made)

    async def serve(self, send: Send) -> Cut:
        """Respond until the caller leaves or a fault breaks the connection."""
        while not self.is_over:
            if not self._waiting:
                await self.clock.wait_until(math.inf, self.changed)
                continue
            body = self._waiting.popleft()
            self._waiting_bytes -= len(body)
            self._room_made.set()
            end = await self._respond(body, send)
            if end is not None:
                return end
        return CLOSE_GOING_AWAY

    async def _respond(self, body: bytes, send: Send) -> Cut | None:
        """Respond to a request; None if the session continues."""
        input_, validation_errors = read_body(body)
        fingerprint = body if len(body) <= 256 else b""
        call = replace(
            self.call,
            input=input_,
            validation_errors=validation_errors,
            fingerprint=fingerprint,
        )
        seconds = 0.0
        try:
            if self._is_stream or openai.wants_stream(call):
                if self.tenant.resolver.has_callables:
                    await self.tenant.resolver.prepare(call, "stream")
                streaming = self.tenant.stream(call)
                response: BufferedResponse | EventStreamResponse = openai.event_stream_factory(
                    call
                )(self.request, streaming, self.clock)
                seconds = streaming.first_seconds
            else:
                resolution = await self.tenant.run(call)
                seconds = seconds_of(resolution)
                runner = self.tenant.sockets.script_runner(call, resolution)
                if runner is not None and resolution.fault is None:
                    return await runner.reply(input_, send)
                outcome = resolution.rendered.outcome
                response = response_for_outcome(
                    self.request, outcome, resolution.request_id, resolution.units, resolution.fault
                )
        except ApiError as error:
            response = response_for_error(error)
        except FaultAbort as abort:
            response = BufferedResponse(500, b"", request_id=abort.request_id)
            response.fault = abort.fault
        return await self._write(response, seconds, send)

    async def _write(
        self, response: BufferedResponse | EventStreamResponse, seconds: float, send: Send
    ) -> Cut | None:
        """Write a response with its fault applied."""
        fault = response.fault or _NO_FAULT
        if fault.delay_seconds:
            await self.wait(fault.delay_seconds)
        if self.is_over:
            return CLOSE_GOING_AWAY
        if isinstance(response, EventStreamResponse) and fault.outcome is not None:
            await response.chunks.aclose()
            response = BufferedResponse(500, b"", request_id=response.request_id)
        is_silent = fault.is_unanswered or fault.raw_response is not None
        if is_silent or (fault.cut is not None and fault.cut.point == "before"):
            if isinstance(response, EventStreamResponse):
                await response.chunks.aclose()
            if not is_silent:
                return await self.break_connection(fault)
            if fault.raw_response is not None:
                await send(GARBAGE_FRAME)
            return None
        if isinstance(response, EventStreamResponse):
            if response.fault is not None:
                response = apply_fault_to_stream(response, fault)
            return await self._write_stream(response, fault, seconds, send)
        request_id = response.request_id
        if response.fault is not None:
            response = apply_fault(response, fault)
        return await self._write_buffered(response, request_id, fault, seconds, send)

    async def _write_buffered(
        self, response: BufferedResponse, request_id: str, fault: Fault, seconds: float, send: Send
    ) -> Cut | None:
        request_id = request_id or self.tenant.sockets.new_request_id(self.call)
        units = response.billable_units
        headers = [("Content-Type", response.content_type)]
        if response.request_id:  # load balancer pages have no request id
            headers.append((names.REQUEST_ID, request_id))
        if units is not None:
            headers.append((names.BILLABLE_UNITS, names.format_units(units)))
        await send(
            ws_http.start_message(
                request_id, response.status, _merge_headers(headers, response.headers)
            )
        )
        cut, body = fault.cut, response.payload
        if cut is not None and cut.point != "end":
            body = body[: int(len(body) * cut.body_share)] if cut.point == "body" else b""
        for part in ws_http.split_frames(body):
            await self._send_slowly(part, fault, send)
        if cut is None or cut.point == "end":
            await send(ws_http.end_message(request_id, response.status, seconds))
        return None if cut is None else await self.break_connection(fault)

    async def _write_stream(
        self, response: EventStreamResponse, fault: Fault, seconds: float, send: Send
    ) -> Cut | None:
        request_id = response.request_id
        headers = [
            ("Content-Type", response.content_type),
            ("Transfer-Encoding", "chunked"),
            (names.REQUEST_ID, request_id),
        ]
        cut = fault.cut
        try:
            await send(
                ws_http.start_message(request_id, 200, _merge_headers(headers, response.headers))
            )
            remaining = math.inf if cut is None or cut.point != "body" else cut.event_count
            if cut is not None and cut.point == "head":
                remaining = 0
            if remaining:
                async for event in split_events(response.chunks):
                    for part in ws_http.split_frames(event):
                        await self._send_slowly(part, fault, send)
                    remaining -= not event.startswith(b":")  # comments do not count
                    if remaining <= 0 or self.is_over:
                        break
        finally:
            await response.chunks.aclose()
        if cut is None or cut.point == "end":
            await send(ws_http.end_message(request_id, 200, seconds))
        elif cut.kind == "garbage":
            await send(GARBAGE_FRAME)
        return None if cut is None else await self.break_connection(fault)

    async def _send_slowly(self, data: bytes, fault: Fault, send: Send) -> None:
        slow_body = fault.slow_body
        for number, part in enumerate(
            [data] if slow_body is None else split_bytes(data, slow_body.chunk_bytes)
        ):
            if slow_body is not None and number:
                await self.wait(slow_body.interval_seconds)
            await send(part)


def _merge_headers(
    defaults: list[tuple[str, str]], scripted: tuple[tuple[str, str], ...]
) -> list[tuple[str, str]]:
    """The headers of a response; those of a scenario override the default ones."""
    scripted_names = {name.lower() for name, _ in scripted}
    sent = [pair for pair in scripted if pair[1] != names.OMITTED]
    return [pair for pair in defaults if pair[0].lower() not in scripted_names] + sent
