"""Idle timeout while a request body is being received."""

from __future__ import annotations

import asyncio
from types import TracebackType

from aiohttp import web


class BodyIdleTimeout:
    """Closes the connection of a request whose body stalls.

    ``with BodyIdleTimeout(request, 75): await request.read()``: after 75 seconds without a byte
    the connection is closed without a response, as nginx does (``client_body_timeout``), and the
    handler is cancelled.
    """

    def __init__(self, request: web.BaseRequest, seconds: float) -> None:
        self._request = request
        self._seconds = seconds
        self._seen_bytes = -1

    def __enter__(self) -> None:
        self._start_timer()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()

    def _start_timer(self) -> None:
        self._seen_bytes = self._request.content.total_bytes
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._check_progress)

    def _check_progress(self) -> None:
        if self._request.content.total_bytes != self._seen_bytes:
            self._start_timer()
        else:
            self._request.protocol.force_close()
