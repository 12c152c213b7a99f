"""The door's other side: HTTP for the control API, for callers that the guard lets in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from fakefal.addressing import Address
from fakefal.engine.engine import Engine
from fakefal.handlers.http import EventStream, Response
from fakefal.protocol.errors.errors import WireError

if TYPE_CHECKING:
    from fakefal.control.guard import Guard
    from fakefal.control.requests import House
    from fakefal.server.proxy import Gate

Read = Callable[[web.BaseRequest, int], Awaitable[bytes]]
"""Reads a body that is not over so many bytes; raises WireError."""


class Desk:
    """Answers control requests. What it needs is imported when the first one comes."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate
        self._bound: tuple[str, ...] = ()
        self._token: str | None = None
        self._house: House | None = None
        self._guard: Guard | None = None
        self._is_ready = False

    def open(self, bound: tuple[str, ...], token: str | None) -> None:
        """All ports listen: ``bound`` is the host asked for and the addresses listened on."""
        self._bound, self._token, self._is_ready = bound, token, True

    def close(self) -> None:
        """The ports are about to close."""
        self._is_ready = False

    async def answer(
        self, request: web.BaseRequest, address: Address, read: Read
    ) -> Response | EventStream:
        """The answer to a control request; refusals are answers too."""
        from fakefal.control import api

        house = self._make_house()
        try:
            self._check(request, is_public=api.is_public(address.path))
            body = await read(request, self._engine.settings.limits.control_bytes)
            told = api.answer(
                house, request.method, address.path, request.headers, address.query, body
            )
        except WireError as error:
            error = api.unworded(error)
            return Response(error.status, error.payload, error.headers, is_private=True)
        if told.events is not None:
            return EventStream(told.events, told.content_type, told.headers, is_private=True)
        return Response(told.status, told.payload, told.headers, told.content_type, is_private=True)

    def _check(self, request: web.BaseRequest, *, is_public: bool) -> None:
        from fakefal.control.guard import TOKEN, Caller, Guard, authority_of

        if self._guard is None:
            self._guard = Guard(self._bound, self._engine.settings.control_hosts, self._token)
        headers = request.headers
        hosts = headers.getall("Host", [])
        absolute = authority_of(request.raw_path)
        caller = Caller(
            request.method,
            (*hosts, *([] if absolute is None else [absolute])),
            tuple(headers.getall("Origin", [])),
            headers.get("Sec-Fetch-Site"),
            headers.get("Authorization"),
            headers.get(TOKEN),
        )
        self._guard.check(caller, is_public=is_public)

    def _make_house(self) -> House:
        if self._house is None:
            from fakefal._version import __version__
            from fakefal.control.requests import House

            self._house = House(
                self._engine,
                __version__,
                lambda: self._is_ready,
                lambda: self._gate.authority.pem,
                self._token,
            )
        return self._house
