"""Forwards one request to upstream and its response back to the caller."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol
from urllib.parse import parse_qsl, urlencode

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from fakefal.addressing import Address
from fakefal.protocol.core import headers as names
from fakefal.protocol.core import hosts
from fakefal.protocol.core.json_codec import encode
from fakefal.recorder.capture.captures import (
    Capture,
    HeaderPairs,
    RecordedRequest,
    RecordedResponse,
    buffered_response,
)
from fakefal.recorder.capture.upstream import HOP_BY_HOP, Upstream, forwarded_headers

_CHUNK_BYTES = 65_536


class CaptureSink(Protocol):
    """What a forwarder needs of the recorder."""

    @property
    def upstream(self) -> Upstream: ...

    @property
    def keep_alive(self) -> bool:
        """Whether the caller's connection stays open after the response."""

    def elapsed(self) -> float:
        """Seconds since the recording began."""

    def add_note(self, text: str) -> None:
        """Add a line to the recording's notes of what could not be recorded."""

    def add_upstream_error(self) -> None:
        """Count a request that did not reach upstream."""

    def register_webhook(self, url: str) -> str:
        """The local path that receives the webhook in place of the caller's URL."""

    async def record(self, capture: Capture) -> None:
        """Add a capture; if it finishes an exchange, return once the file is on disk."""


class RequestForwarder:
    """Sends a request upstream and streams the response back.

    The last byte reaches the caller only after the capture is recorded, so that a test that ends
    with the response cannot lose it.
    """

    def __init__(self, sink: CaptureSink, request: web.BaseRequest, address: Address) -> None:
        self._sink = sink
        self._upstream = sink.upstream
        self._request = request
        self._address = address
        self._started_at = sink.elapsed()
        self._uploaded_bytes = 0

    async def forward(self, body: bytes | None = None) -> web.StreamResponse:
        """Upstream's response. ``body`` is the request's body if somebody has already read it."""
        request, address = self._request, self._address
        query = address.query
        if address.host == hosts.QUEUE and "fal_webhook=" in query:
            query = self._redirect_webhook(query)
        is_blob = address.host in hosts.MEDIA_HOSTS and request.can_read_body
        canonical = b""
        upstream_body: bytes | AsyncIterator[bytes] | None
        if request.headers.get("Expect", "").lower() == "100-continue" and body is None:
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if is_blob:
            upstream_body = self._upload_chunks()
        else:
            if body is None:
                body = await request.read() if request.can_read_body else b""
            canonical = self._upstream.from_caller(body, address)
            upstream_body = self._upstream.to_upstream(canonical) or None
        pairs = tuple(request.headers.items())
        url = self._upstream.url(address.host, address.path, query)
        headers = forwarded_headers(pairs)
        if is_blob and request.content_length is not None:
            headers = (*headers, ("Content-Length", str(request.content_length)))
        try:
            response = await self._upstream.send(request.method, url, headers, upstream_body)
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            self._sink.add_upstream_error()
            self._sink.add_note(f"{request.method} {address.host}: upstream could not be reached")
            return _unreachable_response(self._upstream.name, error)
        except (aiohttp.ClientError, OSError) as error:
            return await self._break_connection(
                self._recorded_request(pairs, canonical), RecordedResponse(0), error
            )
        async with response:
            return await self._return_response(response, self._recorded_request(pairs, canonical))

    def _recorded_request(self, pairs: HeaderPairs, body: bytes) -> RecordedRequest:
        address = self._address
        headers = _end_to_end_headers(pairs)
        return RecordedRequest(
            self._request.method,
            address.host,
            address.path,
            address.query,
            headers,
            body,
            self._uploaded_bytes,
        )

    async def _upload_chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._request.content.iter_chunked(_CHUNK_BYTES):
            self._uploaded_bytes += len(chunk)
            yield chunk

    def _redirect_webhook(self, query: str) -> str:
        """The query with a webhook URL that leads here, if upstream can reach this machine."""
        transport = self._request.transport
        local_address = None if transport is None else transport.get_extra_info("sockname")
        if not self._upstream.is_local or not local_address:
            self._sink.add_note(
                "webhooks: upstream cannot reach this machine, so they go to the caller's URL and "
                "are not recorded"
            )
            return query
        host = f"[{local_address[0]}]" if ":" in local_address[0] else local_address[0]
        pairs = parse_qsl(query, keep_blank_values=True)
        for index, (name, value) in enumerate(pairs):
            if name == "fal_webhook":
                path = self._sink.register_webhook(value)
                pairs[index] = (name, f"http://{host}:{local_address[1]}{path}")
        return urlencode(pairs)

    async def _return_response(
        self, response: aiohttp.ClientResponse, request: RecordedRequest
    ) -> web.StreamResponse:
        headers = _end_to_end_headers(tuple(response.headers.items()))
        caller_response = web.StreamResponse(status=response.status, reason=response.reason)
        if not self._sink.keep_alive:
            caller_response.force_close()
        for name, value in headers:
            if name.lower() == "location":
                quoted = f'"{value}"'.encode()
                value = self._upstream.for_caller(quoted, self._address).decode()[1:-1]
            caller_response.headers.add(name, value)
        head = RecordedResponse(response.status, headers)
        if response.content_type == "text/event-stream":
            return await self._return_streamed(
                response, request, head, caller_response, is_stream=True
            )
        if self._address.host in hosts.MEDIA_HOSTS and request.method == "GET":
            return await self._return_streamed(
                response, request, head, caller_response, is_stream=False
            )
        return await self._return_buffered(response, request, head, caller_response)

    async def _return_buffered(
        self,
        response: aiohttp.ClientResponse,
        request: RecordedRequest,
        head: RecordedResponse,
        caller_response: web.StreamResponse,
    ) -> web.StreamResponse:
        try:
            body = await response.read()
        except (aiohttp.ClientError, OSError) as error:
            return await self._break_connection(request, head, error)
        canonical = self._upstream.canonical(body)
        after = self._sink.elapsed() - self._started_at
        await self._record(request, buffered_response(head.status, head.headers, canonical, after))
        caller_body = self._upstream.for_caller(body, self._address)
        is_head = request.method == "HEAD"
        if response.status not in (204, 304):
            caller_response.content_length = (
                response.content_length if is_head else len(caller_body)
            )
        await caller_response.prepare(self._request)
        if caller_body and not is_head:
            await caller_response.write(caller_body)
        await caller_response.write_eof()
        return caller_response

    async def _return_streamed(
        self,
        response: aiohttp.ClientResponse,
        request: RecordedRequest,
        head: RecordedResponse,
        caller_response: web.StreamResponse,
        *,
        is_stream: bool,
    ) -> web.StreamResponse:
        """Pass bytes on as they arrive; an event stream event by event."""
        if response.content_length is not None and not is_stream:
            caller_response.content_length = response.content_length
        await caller_response.prepare(self._request)
        pieces: list[tuple[float, bytes]] = []
        try:
            async for data in _whole_events(response) if is_stream else response.content.iter_any():
                after = self._sink.elapsed() - self._started_at
                pieces.append((after, self._upstream.canonical(data) if is_stream else data))
                caller_data = self._upstream.for_caller(data, self._address) if is_stream else data
                await caller_response.write(caller_data)
        except (aiohttp.ClientPayloadError, aiohttp.ClientOSError) as error:
            received = RecordedResponse(head.status, head.headers, tuple(pieces))
            return await self._break_connection(request, received, error)
        await self._record(request, RecordedResponse(head.status, head.headers, tuple(pieces)))
        await caller_response.write_eof()
        return caller_response

    async def _break_connection(
        self, request: RecordedRequest, head: RecordedResponse, error: Exception
    ) -> web.StreamResponse:
        """Break the caller's connection in the way in which upstream broke its own."""
        causes = (error, error.__cause__, error.__context__)
        was_reset = any(isinstance(cause, ConnectionResetError) for cause in causes)
        cut = RecordedResponse(
            head.status, head.headers, head.pieces, "reset" if was_reset else "close"
        )
        await self._record(request, cut)
        transport = self._request.transport
        if transport is not None:
            if was_reset:
                transport.abort()
            else:
                transport.close()
        return _BrokenResponse()

    async def _record(self, request: RecordedRequest, response: RecordedResponse) -> None:
        await self._sink.record(Capture(self._started_at, self._sink.elapsed(), request, response))


class _BrokenResponse(web.StreamResponse):
    """A response for aiohttp that sends nothing, because the connection is already closed."""

    @property
    def keep_alive(self) -> bool | None:
        return False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """No-op."""


def _end_to_end_headers(pairs: HeaderPairs) -> HeaderPairs:
    """Headers without the hop-by-hop ones (RFC 9110 section 7.6.1)."""
    return tuple(pair for pair in pairs if pair[0].lower() not in HOP_BY_HOP)


async def _whole_events(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The bytes of an event stream in chunks of whole events.

    URLs in a chunk are rewritten, so none may be split between two chunks.
    """
    buffer = b""
    async for data in response.content.iter_any():
        buffer += data
        end = max(
            (
                buffer.rfind(separator) + len(separator)
                for separator in _EVENT_SEPARATORS
                if separator in buffer
            ),
            default=0,
        )
        if end:
            yield buffer[:end]
            buffer = buffer[end:]
    if buffer:
        yield buffer


_EVENT_SEPARATORS = (b"\n\n", b"\r\n\r\n", b"\r\r")


def _unreachable_response(upstream_name: str, error: Exception) -> web.Response:
    """The recorder's own 502, which is not recorded."""
    detail = f"fakefal records from {upstream_name}, which cannot be reached: {error}"
    return web.Response(
        status=502,
        body=encode({"detail": detail}),
        content_type="application/json",
        headers={names.HINT: "upstream cannot be reached"},
    )
