"""The protocol of one HTTP connection: aiohttp's, with fal's answers to unreadable requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.http import HttpVersion11
from aiohttp.http_exceptions import HttpProcessingError, TransferEncodingError
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from fakefal.handlers.http import BufferedResponse
from fakefal.protocol.errors.errors import ApiError
from fakefal.server.http.parse_errors import MAX_FIELD_BYTES, MAX_LINE_BYTES, error_for_request
from fakefal.server.http.writer import write_buffered

__all__ = ["MAX_FIELD_BYTES", "MAX_LINE_BYTES", "Connection", "ConnectionFactory"]

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
"""Answers a request that could be read."""

RejectUnreadable = Callable[[str, ApiError], BufferedResponse]
"""Journals a request that could not be read: what is known of it, and the error it gets."""


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
