"""An answer as bytes: head and body made here and sent in one piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion, HttpVersion10

from fakefal.engine.core.clock import http_date
from fakefal.handlers.http import EventStream, FileBody, Response
from fakefal.protocol.core import headers as names
from fakefal.protocol.core.status_phrases import reason_of

SERVER = "fakefal"

_BODILESS = frozenset((204, 304))
"""Statuses without a body and without its length (RFC 9110 sections 8.6, 15)."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]+")
"""What no header can hold; a template or a caller may put it there."""

FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "date", "server"})
"""Headers that are the server's own; a scenario's are left out."""

EXPOSED = ", ".join(
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

_TO_PAGES = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Expose-Headers", EXPOSED),
)


def printable(text: str) -> str:
    """Text without what would break a header line."""
    return _UNPRINTABLE.sub(" ", text)


def cross_origin(
    request: web.BaseRequest, told: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """What a page of another origin must be told; nothing for callers that are no page.

    What the answer has ``told`` already is left out: a browser refuses a header that comes twice.
    Source: client (protocol.md sections 4, 16 row 35).
    """
    if "Origin" not in request.headers:
        return ()
    names_told = {name.lower() for name, _ in told}
    return tuple(pair for pair in _TO_PAGES if pair[0].lower() not in names_told)


class Whole(web.StreamResponse):
    """A response that is there at once.

    It writes its own head: half the work of answering a small request was in building headers one
    by one, and a scripted fault needs the bytes anyway. ``version`` is that of the request, where
    the request could not be read.
    """

    def __init__(
        self, answer: Response, *, keep_alive: bool, version: HttpVersion | None = None
    ) -> None:
        super().__init__(status=answer.status)
        self._version = version
        self._answer = answer
        self._stays = keep_alive

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open."""
        return self._stays

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send everything."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the caller has gone")
        self._stays = self._stays and request.keep_alive
        answer = self._answer
        head = head_of(answer, request, stays=self._stays, version=self._version)
        transport.write(head + body_of(answer, request))
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to be written."""


def body_of(answer: Response, request: web.BaseRequest) -> bytes:
    """What follows the head: nothing after HEAD, and where a status allows for no body."""
    return b"" if request.method == "HEAD" or answer.status in _BODILESS else answer.payload


def head_of(
    answer: Response,
    request: web.BaseRequest,
    *,
    stays: bool,
    size: int = -1,
    version: HttpVersion | None = None,
) -> bytes:
    """Status line and headers of an answer; ``size`` is what it announces, if not the body's."""
    is_old = (version or request.version) == HttpVersion10
    lines = [_status_line(answer.status, 0 if is_old else 1)]
    if answer.headers:
        lines += _scripted(answer)
    else:
        lines.append(f"Content-Type: {answer.content_type}\r\n")
        if answer.request_id:
            lines.append(f"x-fal-request-id: {answer.request_id}\r\n")
        if answer.units is not None:
            lines.append(f"x-fal-billable-units: {names.format_units(answer.units)}\r\n")
    if "Origin" in request.headers and not answer.is_private:
        told = cross_origin(request, answer.headers)
        lines += [f"{name}: {value}\r\n" for name, value in told]
    if not stays:
        lines.append("Connection: close\r\n")
    elif is_old:
        lines.append("Connection: keep-alive\r\n")
    if answer.status not in _BODILESS:
        lines.append(f"Content-Length: {len(answer.payload) if size < 0 else size}\r\n")
    lines.append(f"Date: {http_date()}\r\nServer: {SERVER}\r\n\r\n")
    return "".join(lines).encode()


def stream_head(answer: EventStream, request: web.BaseRequest, *, stays: bool) -> bytes:
    """Status line and headers of a stream: in chunks, or for HTTP/1.0 until the connection ends."""
    is_old = request.version == HttpVersion10
    usual = {"Content-Type": answer.content_type, names.REQUEST_ID: answer.request_id}
    own = {name.lower() for name, _ in answer.headers}
    pairs = [(name, value) for name, value in usual.items() if name.lower() not in own]
    pairs += [*cross_origin(request, answer.headers), *answer.headers]
    lines = [_status_line(200, 0 if is_old else 1)]
    lines += [
        f"{printable(name)}: {printable(value)}\r\n"
        for name, value in pairs
        if name.lower() not in FRAMING
    ]
    if not is_old:
        lines.append("Transfer-Encoding: chunked\r\n")
    if not stays:
        lines.append("Connection: close\r\n")
    lines.append(f"Date: {http_date()}\r\nServer: {SERVER}\r\n\r\n")
    return "".join(lines).encode()


_WINDOW_BYTES = 262_144


class Windowed(web.StreamResponse):
    """A response that reads its body as it goes out, so that no file is held in memory."""

    def __init__(self, answer: FileBody, *, keep_alive: bool) -> None:
        super().__init__(status=answer.status, reason=reason_of(answer.status))
        self._answer = answer
        if not keep_alive:
            self.force_close()
        self.content_length = answer.stop - answer.start
        self.headers["Server"] = SERVER
        self.headers["Content-Type"] = answer.content_type
        for name, value in answer.headers:
            self.headers[printable(name)] = printable(value)

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the head, then window after window."""
        for name, value in cross_origin(request, self._answer.headers):
            self.headers[name] = value
        writer = await super().prepare(request)
        if request.method != "HEAD":
            for window in windows(self._answer):
                await self.write(window)
        return writer


def windows(answer: FileBody) -> Iterator[bytes]:
    """The bytes of a file, read as they are needed."""
    for at in range(answer.start, answer.stop, _WINDOW_BYTES):
        yield answer.blob.read(at, min(at + _WINDOW_BYTES, answer.stop))


def _scripted(answer: Response) -> list[str]:
    """The lines of an answer with headers of its own; they take the place of ours."""
    own = {name.lower() for name, _ in answer.headers}
    usual = {"Content-Type": answer.content_type}
    if answer.request_id:
        usual[names.REQUEST_ID] = answer.request_id
    if answer.units is not None:
        usual[names.BILLABLE_UNITS] = names.format_units(answer.units)
    pairs = [(name, value) for name, value in usual.items() if name.lower() not in own]
    pairs += [pair for pair in answer.headers if pair[0].lower() not in FRAMING]
    return [f"{printable(name)}: {printable(value)}\r\n" for name, value in pairs]


@lru_cache(maxsize=128)
def _status_line(status: int, minor: int) -> str:
    return f"HTTP/1.{minor} {status} {reason_of(status)}\r\n"
