"""Writes what is sent in parts: files block by block, and the heads of streams."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion10

from fakefal.engine.core.clock import http_date
from fakefal.handlers.http import EventStreamResponse, FileResponse
from fakefal.protocol.core import headers as names
from fakefal.protocol.core.status_phrases import reason_phrase
from fakefal.server.http.connection import (
    SERVER,
    SERVER_HEADERS,
    cors_headers,
    printable,
    status_line,
)


def stream_head(
    response: EventStreamResponse, request: web.BaseRequest, *, keep_alive: bool
) -> bytes:
    """Status line and headers of a stream: chunked, or for HTTP/1.0 delimited by the close."""
    is_http10 = request.version == HttpVersion10
    defaults = {"Content-Type": response.content_type}
    if response.request_id:
        defaults[names.REQUEST_ID] = response.request_id
    scripted_names = {name.lower() for name, _ in response.headers}
    pairs = [
        (name, value) for name, value in defaults.items() if name.lower() not in scripted_names
    ]
    pairs += [*cors_headers(request, response.headers), *response.headers]
    lines = [status_line(response.status, 0 if is_http10 else 1)]
    lines += [
        f"{printable(name)}: {printable(value)}\r\n"
        for name, value in pairs
        if name.lower() not in SERVER_HEADERS and value != names.OMITTED
    ]
    if not is_http10:
        lines.append("Transfer-Encoding: chunked\r\n")
    if not keep_alive:
        lines.append("Connection: close\r\n")
    lines.append(f"Date: {http_date()}\r\nServer: {SERVER}\r\n\r\n")
    return "".join(lines).encode()


_BLOCK_BYTES = 262_144


class FileWriter(web.StreamResponse):
    """Writes a file response block by block, so that no file is held in memory."""

    def __init__(self, response: FileResponse, *, keep_alive: bool) -> None:
        super().__init__(status=response.status, reason=reason_phrase(response.status))
        self._response = response
        if not keep_alive:
            self.force_close()
        self.content_length = response.stop - response.start
        self.headers["Server"] = SERVER
        self.headers["Content-Type"] = response.content_type
        for name, value in response.headers:
            if value == names.OMITTED:
                self.headers.pop(name, None)
            else:
                self.headers[printable(name)] = printable(value)

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write the head, then the file in blocks."""
        for name, value in cors_headers(request, self._response.headers):
            self.headers[name] = value
        writer = await super().prepare(request)
        if request.method != "HEAD":
            for block in read_blocks(self._response):
                await self.write(block)
        return writer


def read_blocks(response: FileResponse) -> Iterator[bytes]:
    """The bytes of a file in blocks, each read when it is needed."""
    for offset in range(response.start, response.stop, _BLOCK_BYTES):
        yield response.blob.read(offset, min(offset + _BLOCK_BYTES, response.stop))
