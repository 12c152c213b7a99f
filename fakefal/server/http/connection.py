"""The HTTP server under the door: aiohttp's, with our answers to what it cannot read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.http import HttpVersion11
from aiohttp.http_exceptions import HttpProcessingError, TransferEncodingError
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from fakefal.protocol.errors.errors import ApiError
from fakefal.server.http.handler import HttpHandler
from fakefal.server.http.parse_errors import MAX_FIELD_BYTES, MAX_LINE_BYTES, error_for_request
from fakefal.server.http.writer import BufferedWriter

__all__ = ["MAX_FIELD_BYTES", "MAX_LINE_BYTES", "Connection", "ConnectionFactory"]


class Connection(RequestHandler):
    """One connection. What cannot be read is answered as fal or its load balancer would."""

    __slots__ = ("_handler", "named_host")

    def __init__(self, manager: ConnectionFactory, **options: Any) -> None:
        super().__init__(manager, **options)
        self._handler = manager.handler
        self.named_host = ""
        """The fal host that the caller named before it spoke HTTP: by CONNECT, or in TLS."""

    def detach(self) -> tuple[asyncio.Transport, bytes]:
        """Give the connection away, and what came on it after the request: it will be a tunnel.

        The task that handles the request is cancelled. Raises ConnectionError if the caller has
        gone.
        """
        transport, buffered = self.transport, self._message_tail
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the caller has gone")
        self.transport, self._message_tail = None, b""
        self.connection_lost(None)
        return transport, buffered

    def data_received(self, data: bytes) -> None:
        """Take bytes; when they break the body that is being read, its reader must know.

        aiohttp 3.14 forgets the body when a chunk is broken, and who reads it would wait for ever.
        """
        super().data_received(data)
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
        """The answer to what is no request, or to a failure past the door; then it is closed."""
        if status < 500:
            request_line, error = error_for_request(exc, message or "")
        else:
            self.logger.error("fakefal failed to answer", exc_info=exc)
            request_line, error = "", ApiError(status, {"detail": "Internal Server Error"})
            error.has_request_id = False
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has already begun")
        return BufferedWriter(
            self._handler.respond_unreadable(request_line, error),
            keep_alive=False,
            version=HttpVersion11,
        )

    def log_exception(self, *args: Any, **options: Any) -> None:
        """What a caller did wrong is no fault to be logged with a traceback."""
        error = options.get("exc_info")
        if isinstance(error, (web.RequestPayloadError, HttpProcessingError, ConnectionError)):
            self.logger.debug("a caller sent what cannot be read: %s", error)
        else:
            super().log_exception(*args, **options)


class ConnectionFactory(web.Server):
    """Makes a Connection for each that comes."""

    def __init__(
        self, handler: HttpHandler, make_request: Callable[..., web.BaseRequest], **options: Any
    ) -> None:
        super().__init__(handler.handle, request_factory=make_request, handler_cancellation=True)
        self.handler = handler
        self._options = options

    def __call__(self) -> RequestHandler:
        """The protocol of a new connection."""
        return Connection(self, loop=asyncio.get_running_loop(), **self._options)
