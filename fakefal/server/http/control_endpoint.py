"""HTTP endpoint of the control API; the access guard checks every request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from fakefal.addressing import Address
from fakefal.engine.engine import Engine
from fakefal.handlers.http import BufferedResponse, EventStreamResponse
from fakefal.protocol.errors.errors import ApiError

if TYPE_CHECKING:
    from fakefal.control.guard import AccessGuard
    from fakefal.control.requests import ControlContext

BodyReader = Callable[[web.BaseRequest, int], Awaitable[bytes]]
"""Reads a body of at most N bytes; raises ApiError for a longer one."""


class ControlEndpoint:
    """Responds to control requests.

    The control API is imported with the first request, so that a server starts sooner.
    ``ca_pem`` returns the certificate of the local CA.
    """

    def __init__(self, engine: Engine, ca_pem: Callable[[], bytes]) -> None:
        self._engine = engine
        self._ca_pem = ca_pem
        self._addresses: tuple[str, ...] = ()
        self._token: str | None = None
        self._context: ControlContext | None = None
        self._guard: AccessGuard | None = None
        self._is_ready = False

    def open(self, addresses: tuple[str, ...], token: str | None) -> None:
        """All ports are listening; ``addresses`` are the requested host and the bound ones."""
        self._addresses, self._token, self._is_ready = addresses, token, True

    def close(self) -> None:
        """The ports are about to close: the server no longer reports that it is ready."""
        self._is_ready = False

    async def handle(
        self, request: web.BaseRequest, address: Address, read_body: BodyReader
    ) -> BufferedResponse | EventStreamResponse:
        """The response to a control request; a rejection is a response too."""
        from fakefal.control import api

        context = self._get_context()
        try:
            self._check(request, is_public=api.is_public(address.path))
            body = await read_body(request, self._engine.settings.limits.control_bytes)
            preloaded = None
            if api.must_preload(request.method, address.path, body):
                preloaded = await asyncio.to_thread(
                    api.preload, context, request.headers, address.query, body
                )
            response = api.handle(
                context,
                request.method,
                address.path,
                request.headers,
                address.query,
                body,
                preloaded,
            )
        except ApiError as error:
            error = api.to_control_error(error)
            return BufferedResponse(error.status, error.payload, error.headers, is_private=True)
        if response.events is not None:
            return EventStreamResponse(
                response.events, response.content_type, response.headers, is_private=True
            )
        return BufferedResponse(
            response.status,
            response.payload,
            response.headers,
            response.content_type,
            is_private=True,
        )

    def _check(self, request: web.BaseRequest, *, is_public: bool) -> None:
        from fakefal.control.guard import TOKEN_HEADER, AccessGuard, Caller, authority_of

        if self._guard is None:
            self._guard = AccessGuard(
                self._addresses, self._engine.settings.control_hosts, self._token
            )
        headers = request.headers
        hosts = headers.getall("Host", [])
        target_authority = authority_of(request.raw_path)
        caller = Caller(
            request.method,
            (*hosts, *([] if target_authority is None else [target_authority])),
            tuple(headers.getall("Origin", [])),
            headers.get("Sec-Fetch-Site"),
            headers.get("Authorization"),
            headers.get(TOKEN_HEADER),
        )
        self._guard.check(caller, is_public=is_public)

    def _get_context(self) -> ControlContext:
        if self._context is None:
            from fakefal._version import __version__
            from fakefal.control.requests import ControlContext

            self._context = ControlContext(
                self._engine,
                __version__,
                lambda: self._is_ready,
                self._ca_pem,
                self._token,
            )
        return self._context
