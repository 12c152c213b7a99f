"""An answer as bytes: head and body made here and sent in one piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion, HttpVersion10

from fakefal.engine.core.clock import http_date
from fakefal.handlers.http import BufferedResponse, EventStreamResponse, FileResponse
from fakefal.protocol.core import headers as names
from fakefal.protocol.core.status_phrases import reason_phrase

SERVER = "fakefal"

_BODILESS = frozenset((204, 304))
"""Statuses without a body and without its length (RFC 9110 sections 8.6, 15)."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]+")
"""What no header can hold; a template or a caller may put it there."""

SERVER_HEADERS = frozenset({"content-length", "transfer-encoding", "connection", "date", "server"})
"""Headers that are the server's own; a scenario's are left out."""

EXPOSED_HEADERS = ", ".join(
    (
        names.REQUEST_ID,
        names.BILLABLE_UNITS,
        names.ERROR_TYPE,
        names.TIMEOUT_TYPE,
        names.NEEDS_RETRY,
        names.RETRYABLE,
        names.HINT,
        "ETag",
        "Content-Range",
    )
)

_CORS_HEADERS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Expose-Headers", EXPOSED_HEADERS),
)


def printable(text: str) -> str:
    """Text without what would break a header line."""
    return _UNPRINTABLE.sub(" ", text)


def cors_headers(
    request: web.BaseRequest, sent: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """What a page of another origin must be told; nothing for callers that are no page.

    What the answer has ``told`` already is left out: a browser refuses a header that comes twice.
    Source: client (protocol.md sections 4, 16 row 35).
    """
    if "Origin" not in request.headers:
        return ()
    sent_names = {name.lower() for name, _ in sent}
    return tuple(pair for pair in _CORS_HEADERS if pair[0].lower() not in sent_names)


class BufferedWriter(web.StreamResponse):
    """A response that is there at once.

    It writes its own head: half the work of answering a small request was in building headers one
    by one, and a scripted fault needs the bytes anyway. ``version`` is that of the request, where
    the request could not be read.
    """

    def __init__(
        self, response: BufferedResponse, *, keep_alive: bool, version: HttpVersion | None = None
    ) -> None:
        super().__init__(status=response.status)
        self._version = version
        self._response = response
        self._keep_alive = keep_alive

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open."""
        return self._keep_alive

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send everything."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the caller has gone")
        self._keep_alive = self._keep_alive and request.keep_alive
        response = self._response
        head = response_head(response, request, keep_alive=self._keep_alive, version=self._version)
        transport.write(head + response_body(response, request))
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to be written."""


def response_body(response: BufferedResponse, request: web.BaseRequest) -> bytes:
    """What follows the head: nothing after HEAD, and where a status allows for no body."""
    return b"" if request.method == "HEAD" or response.status in _BODILESS else response.payload


def response_head(
    response: BufferedResponse,
    request: web.BaseRequest,
    *,
    keep_alive: bool,
    size: int = -1,
    version: HttpVersion | None = None,
) -> bytes:
    """Status line and headers of an answer; ``size`` is what it announces, if not the body's."""
    is_http10 = (version or request.version) == HttpVersion10
    lines = [_status_line(response.status, 0 if is_http10 else 1)]
    if response.headers:
        lines += _scripted_lines(response)
    else:
        lines.append(f"Content-Type: {response.content_type}\r\n")
        if response.request_id:
            lines.append(f"x-fal-request-id: {response.request_id}\r\n")
        if response.billable_units is not None:
            lines.append(f"x-fal-billable-units: {names.format_units(response.billable_units)}\r\n")
    if "Origin" in request.headers and not response.is_private:
        cors = cors_headers(request, response.headers)
        lines += [f"{name}: {value}\r\n" for name, value in cors]
    if not keep_alive:
        lines.append("Connection: close\r\n")
    elif is_http10:
        lines.append("Connection: keep-alive\r\n")
    if response.status not in _BODILESS:
        lines.append(f"Content-Length: {len(response.payload) if size < 0 else size}\r\n")
    lines.append(f"Date: {http_date()}\r\nServer: {SERVER}\r\n\r\n")
    return "".join(lines).encode()


def stream_head(
    response: EventStreamResponse, request: web.BaseRequest, *, keep_alive: bool
) -> bytes:
    """Status line and headers of a stream: in chunks, or for HTTP/1.0 until the connection ends."""
    is_http10 = request.version == HttpVersion10
    defaults = {"Content-Type": response.content_type, names.REQUEST_ID: response.request_id}
    scripted_names = {name.lower() for name, _ in response.headers}
    pairs = [
        (name, value) for name, value in defaults.items() if name.lower() not in scripted_names
    ]
    pairs += [*cors_headers(request, response.headers), *response.headers]
    lines = [_status_line(200, 0 if is_http10 else 1)]
    lines += [
        f"{printable(name)}: {printable(value)}\r\n"
        for name, value in pairs
        if name.lower() not in SERVER_HEADERS
    ]
    if not is_http10:
        lines.append("Transfer-Encoding: chunked\r\n")
    if not keep_alive:
        lines.append("Connection: close\r\n")
    lines.append(f"Date: {http_date()}\r\nServer: {SERVER}\r\n\r\n")
    return "".join(lines).encode()


_WINDOW_BYTES = 262_144


class FileWriter(web.StreamResponse):
    """A response that reads its body as it goes out, so that no file is held in memory."""

    def __init__(self, response: FileResponse, *, keep_alive: bool) -> None:
        super().__init__(status=response.status, reason=reason_phrase(response.status))
        self._response = response
        if not keep_alive:
            self.force_close()
        self.content_length = response.stop - response.start
        self.headers["Server"] = SERVER
        self.headers["Content-Type"] = response.content_type
        for name, value in response.headers:
            self.headers[printable(name)] = printable(value)

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the head, then window after window."""
        for name, value in cors_headers(request, self._response.headers):
            self.headers[name] = value
        writer = await super().prepare(request)
        if request.method != "HEAD":
            for window in read_windows(self._response):
                await self.write(window)
        return writer


def read_windows(response: FileResponse) -> Iterator[bytes]:
    """The bytes of a file, read as they are needed."""
    for offset in range(response.start, response.stop, _WINDOW_BYTES):
        yield response.blob.read(offset, min(offset + _WINDOW_BYTES, response.stop))


def _scripted_lines(response: BufferedResponse) -> list[str]:
    """The lines of an answer with headers of its own; they take the place of ours."""
    scripted_names = {name.lower() for name, _ in response.headers}
    defaults = {"Content-Type": response.content_type}
    if response.request_id:
        defaults[names.REQUEST_ID] = response.request_id
    if response.billable_units is not None:
        defaults[names.BILLABLE_UNITS] = names.format_units(response.billable_units)
    pairs = [
        (name, value) for name, value in defaults.items() if name.lower() not in scripted_names
    ]
    pairs += [pair for pair in response.headers if pair[0].lower() not in SERVER_HEADERS]
    return [f"{printable(name)}: {printable(value)}\r\n" for name, value in pairs]


@lru_cache(maxsize=128)
def _status_line(status: int, minor: int) -> str:
    return f"HTTP/1.{minor} {status} {reason_phrase(status)}\r\n"
