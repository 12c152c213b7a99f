"""One HTTP connection: aiohttp's protocol with fal's answers to unreadable requests, and the
writing of responses whose body is in memory: head and body in one write."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion, HttpVersion10, HttpVersion11
from aiohttp.http_exceptions import HttpProcessingError, TransferEncodingError
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from fakefal.engine.core.clock import http_date
from fakefal.handlers.http import BufferedResponse
from fakefal.protocol.core import headers as names
from fakefal.protocol.core.status_phrases import reason_phrase
from fakefal.protocol.errors.errors import ApiError
from fakefal.server.http.parse_errors import MAX_FIELD_BYTES, MAX_LINE_BYTES, error_for_request

__all__ = ["MAX_FIELD_BYTES", "MAX_LINE_BYTES", "Connection", "ConnectionFactory"]

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
"""Answers a request that could be read."""

RejectUnreadable = Callable[[str, ApiError], BufferedResponse]
"""Journals a request that could not be read: what is known of it, and the error it gets."""


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
        lines = [status_line(response.status, 0 if is_http10 else 1), *_scripted_lines(response)]
    else:
        lines = [_plain_head(response.status, 0 if is_http10 else 1, response.content_type)]
        if response.request_id:
            lines.append(f"x-fal-request-id: {response.request_id}\r\n")
        if response.billable_units is not None:
            lines.append(f"x-fal-billable-units: {names.format_units(response.billable_units)}\r\n")
        lines += [f"{name}: {value}\r\n" for name, value in response.default_headers]
    if "Origin" in request.headers and not response.is_private:
        cors = cors_headers(request, (*response.headers, *response.default_headers))
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


def _scripted_lines(response: BufferedResponse) -> list[str]:
    """The header lines of a response with scripted headers, which override the default ones."""
    scripted_names = {name.lower() for name, _ in response.headers}
    defaults = {"Content-Type": response.content_type} if response.content_type else {}
    if response.request_id:
        defaults[names.REQUEST_ID] = response.request_id
    if response.billable_units is not None:
        defaults[names.BILLABLE_UNITS] = names.format_units(response.billable_units)
    pairs = [
        pair
        for pair in (*defaults.items(), *response.default_headers)
        if pair[0].lower() not in scripted_names
    ]
    omitted = {name.lower() for name, value in response.headers if value == names.OMITTED}
    unsent = SERVER_HEADERS | omitted
    pairs += [pair for pair in response.headers if pair[0].lower() not in unsent]
    return [f"{printable(name)}: {printable(value)}\r\n" for name, value in pairs]


@lru_cache(maxsize=128)
def status_line(status: int, minor: int) -> str:
    """The first line of a response of HTTP/1.``minor``."""
    return f"HTTP/1.{minor} {status} {reason_phrase(status)}\r\n"


@lru_cache(maxsize=256)
def _plain_head(status: int, minor: int, content_type: str) -> str:
    line = status_line(status, minor)
    return f"{line}Content-Type: {content_type}\r\n" if content_type else line


class Connection(RequestHandler):
    """One connection. An unreadable request is answered as fal or its load balancer would."""

    __slots__ = ("_factory", "named_host")

    def __init__(self, factory: ConnectionFactory, **options: Any) -> None:
        super().__init__(factory, **options)
        self._factory = factory
        self.named_host = ""
        """The fal host that the caller named before it sent HTTP: in a CONNECT, or in TLS SNI."""

    def open_sibling(self) -> Connection:
        """A new connection of the same server, for what is sent inside a CONNECT."""
        return self._factory()

    def detach(self) -> tuple[asyncio.Transport, bytes]:
        """Release the transport, and the bytes that came after the request: it becomes a tunnel.

        Cancels the task that handles the request. Raises ConnectionError if the caller has left.
        """
        transport, buffered = self.transport, self._message_tail
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the caller has left")
        self.transport, self._message_tail = None, b""
        self.connection_lost(None)
        return transport, buffered

    def data_received(self, data: bytes) -> None:
        """Parse bytes; a broken chunk also ends the body that is being read."""
        super().data_received(data)
        # When a chunk is malformed, aiohttp 3.14 queues the parse error as the next request and
        # drops its payload parser without failing the body: its reader would wait forever.
        request = self._current_request
        if (
            request is not None
            and self._messages
            and not isinstance(self._messages[-1][0], RawRequestMessage)
            and not request.content.is_eof()
        ):
            cause = TransferEncodingError("the body is broken")
            payload_error = web.RequestPayloadError("the body is broken")
            payload_error.__cause__ = cause
            request.content.set_exception(payload_error)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer an unreadable request, or a failure of the handler itself; then close."""
        if status < 500:
            request_line, error = error_for_request(exc, message or "")
        else:
            self.logger.error("fakefal failed to answer", exc_info=exc)
            request_line = ""
            error = ApiError(status, {"detail": "Internal Server Error"})
            error.has_request_id = False
        if request.writer.output_size > 0:
            raise ConnectionError("the response has already started")
        response = self._factory.reject_unreadable(request_line, error)
        # The request may have no valid version, so the response is HTTP/1.1.
        return write_buffered(response, request, keep_alive=False, version=HttpVersion11)

    def log_exception(self, *args: Any, **options: Any) -> None:
        """Log a caller's mistakes at debug level only, and without a traceback."""
        error = options.get("exc_info")
        if isinstance(error, (web.RequestPayloadError, HttpProcessingError, ConnectionError)):
            self.logger.debug("unreadable request: %s", error)
        else:
            super().log_exception(*args, **options)


class ConnectionFactory(web.Server):
    """Creates the protocol of each accepted connection (``loop.create_server`` calls it)."""

    def __init__(
        self,
        handle: Handle,
        reject_unreadable: RejectUnreadable,
        make_request: Callable[..., web.BaseRequest],
        **options: Any,
    ) -> None:
        super().__init__(handle, request_factory=make_request, handler_cancellation=True)
        self.reject_unreadable = reject_unreadable
        self._options = options

    def __call__(self) -> Connection:
        """The protocol of a new connection."""
        return Connection(self, loop=asyncio.get_running_loop(), **self._options)
