"""Writes responses: builds head and body as bytes, and sends them in one write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion, HttpVersion10, HttpVersion11

from fakefal.engine.core.clock import http_date
from fakefal.handlers.http import BufferedResponse, EventStreamResponse, FileResponse
from fakefal.protocol.core import headers as names
from fakefal.protocol.core.status_phrases import reason_phrase

SERVER = "fakefal"

_BODILESS = frozenset((204, 304))
"""Statuses without body and Content-Length (RFC 9110 sections 8.6, 15.3.5, 15.4.5)."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]+")
"""Not allowed in a header; a template or a caller may still put it there."""

SERVER_HEADERS = frozenset({"content-length", "transfer-encoding", "connection", "date", "server"})
"""Headers that the server sets itself; a scenario's are ignored."""

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
    """Text that is safe in a header line, without CR, LF and other control characters."""
    return _UNPRINTABLE.sub(" ", text)


def cors_headers(
    request: web.BaseRequest, sent: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """The CORS headers of a response to a browser; none without an Origin header.

    Those that are in ``sent`` already are omitted: browsers reject a duplicate. Source: client
    (docs/reference/protocol.md#cors, docs/reference/open-questions.md#cors-exposure).
    """
    if "Origin" not in request.headers:
        return ()
    sent_names = {name.lower() for name, _ in sent}
    return tuple(pair for pair in _CORS_HEADERS if pair[0].lower() not in sent_names)


class Sent(web.StreamResponse):
    """What aiohttp gets for a response that is written already: nothing is left to be done.

    aiohttp's own ``StreamResponse`` writes itself in ``prepare``; to create one and to let it build
    its head took half of the time of a small request, and scripted faults need the bytes anyway.
    """

    def __init__(self, *, keep_alive: bool, caller_left: bool = False) -> None:
        super().__init__()
        self._is_keep_alive = keep_alive
        self._caller_left = caller_left

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open after the response."""
        return self._is_keep_alive

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """No-op; raises ConnectionResetError if the caller left before the response."""
        if self._caller_left:
            raise ConnectionResetError("the caller has left")
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """No-op."""


KEPT_OPEN = Sent(keep_alive=True)
CLOSING = Sent(keep_alive=False)
CALLER_LEFT = Sent(keep_alive=False, caller_left=True)


def write_buffered(
    response: BufferedResponse,
    request: web.BaseRequest,
    *,
    keep_alive: bool,
    version: HttpVersion | None = None,
) -> Sent:
    """Write head and body at once; ``version`` is for a request whose own could not be read."""
    transport = request.transport
    if transport is None or transport.is_closing():
        return CALLER_LEFT
    keep_alive = keep_alive and request.keep_alive
    head = response_head(response, request, keep_alive=keep_alive, version=version)
    has_body = request.method != "HEAD" and response.status not in _BODILESS
    transport.write(head + response.payload if has_body else head)
    return KEPT_OPEN if keep_alive else CLOSING


def response_head(
    response: BufferedResponse,
    request: web.BaseRequest,
    *,
    keep_alive: bool,
    size: int = -1,
    version: HttpVersion | None = None,
) -> bytes:
    """Status line and headers; ``size`` overrides the Content-Length of the body."""
    version = version or request.version
    is_http10 = version is not HttpVersion11 and version == HttpVersion10
    if response.headers:
        lines = [_status_line(response.status, 0 if is_http10 else 1), *_scripted_lines(response)]
    else:
        lines = [_plain_head(response.status, 0 if is_http10 else 1, response.content_type)]
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


def response_body(response: BufferedResponse, request: web.BaseRequest) -> bytes:
    """The body as sent: empty for HEAD and for statuses without a body."""
    return b"" if request.method == "HEAD" or response.status in _BODILESS else response.payload


def stream_head(
    response: EventStreamResponse, request: web.BaseRequest, *, keep_alive: bool
) -> bytes:
    """Status line and headers of a stream: chunked, or for HTTP/1.0 delimited by the close."""
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


def _scripted_lines(response: BufferedResponse) -> list[str]:
    """The header lines of a response with scripted headers, which override the default ones."""
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


@lru_cache(maxsize=256)
def _plain_head(status: int, minor: int, content_type: str) -> str:
    return f"{_status_line(status, minor)}Content-Type: {content_type}\r\n"
