"""The one HTTP handler: bounds, addresses and routes a request, and writes its answer."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from contextlib import aclosing
from http import HTTPStatus

from aiohttp import web
from aiohttp.client_exceptions import ClientConnectionResetError
from aiohttp.http_exceptions import BadHttpMessage
from multidict import CIMultiDict

from fakefal import addressing
from fakefal.addressing import Address, Form, path_text
from fakefal.control import api
from fakefal.engine.engine import Engine
from fakefal.engine.tenant import Tenant
from fakefal.faces.http import Answer, EventStream, Request, Response, failed
from fakefal.faces.routes import find_route
from fakefal.protocol import errors
from fakefal.protocol import headers as names
from fakefal.protocol.errors import WireError
from fakefal.protocol.texts import encode
from fakefal.server.tasks import Tasks

_LOG = logging.getLogger("fakefal")

_EXPOSED = ", ".join(
    (
        names.REQUEST_ID,
        names.BILLABLE_UNITS,
        names.ERROR_TYPE,
        names.TIMEOUT_TYPE,
        names.NEEDS_RETRY,
        names.RETRYABLE,
        names.HINT,
    )
)

_REASONS = {**{known.value: known.phrase for known in HTTPStatus}, 499: "Client Closed Request"}
"""Reason phrases. JS error messages are made of them (protocol.md section 7.4): never empty."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")
"""What no header can hold; a template may put it there."""


class Door:
    """Turns HTTP into engine calls and back; holds no state but the engine."""

    def __init__(self, engine: Engine, tasks: Tasks) -> None:
        self._engine = engine
        self._tasks = tasks

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; whatever goes wrong inside becomes an answer too."""
        try:
            answer = await self._answer(request)
        except WireError as error:
            answer = failed(error)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception:
            _LOG.exception("fakefal failed on %s %s", request.method, request.raw_path)
            detail = {"detail": "Internal Server Error"}
            answer = Response(
                500, encode(detail), ((names.HINT, "a fault of fakefal; see its log"),)
            )
        if isinstance(answer, EventStream):
            return await self._stream(request, answer)
        response = _whole(request, answer)
        if not self._engine.settings.keep_alive:
            response.force_close()
        return response

    async def _answer(self, request: web.BaseRequest) -> Answer:
        headers = request.headers
        address = addressing.resolve(
            request.raw_path, headers, scheme=request.scheme, local=_local(request)
        )
        if address is None:
            return _nowhere()
        if _is_preflight(request) and address.form is not Form.CONTROL:
            return Response(200, b"OK", _preflight(headers), "text/plain")
        body = await self._body(request)
        if address.form is Form.CONTROL:
            return self._control(request, address, body)
        path = path_text(address.path)
        handler, parts = find_route(address.host, request.method, path)
        asked = Request(request.method, address, path, headers, body, self._tenant(headers))
        return await handler(asked, parts)

    def _tenant(self, headers: Mapping[str, str]) -> Tenant | None:
        credential = names.read_credential(headers.get("Authorization"))
        return None if credential is None else self._engine.tenant_for(credential)

    def _control(self, request: web.BaseRequest, address: Address, body: bytes) -> Answer:
        authorization = request.headers.get("Authorization")
        status, found = api.answer(self._engine, request.method, address.path, authorization, body)
        return Response(status, encode(found))

    async def _body(self, request: web.BaseRequest) -> bytes:
        if not request.can_read_body:
            return b""
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise errors.body_too_large() from None
        except (web.RequestPayloadError, BadHttpMessage, web.HTTPException, ValueError):
            raise WireError(400, {"detail": "There was an error parsing the body"}) from None

    async def _stream(self, request: web.BaseRequest, answer: EventStream) -> web.StreamResponse:
        response = web.StreamResponse(status=200)
        if not self._engine.settings.keep_alive:
            response.force_close()
        _fill(response.headers, request, answer.headers, answer.content_type, answer.request_id)
        if request.task is not None:
            self._tasks.adopt(request.task)
        try:
            await response.prepare(request)
            async with aclosing(answer.chunks) as chunks:
                async for chunk in chunks:
                    await response.write(chunk)
            await response.write_eof()
        except (ClientConnectionResetError, ConnectionResetError):
            _LOG.debug("the caller left the stream %s", answer.request_id)
        return response


def _whole(request: web.BaseRequest, answer: Response) -> web.Response:
    reason = _REASONS.get(answer.status, "Unknown Status")
    response = web.Response(body=answer.payload, status=answer.status, reason=reason)
    _fill(response.headers, request, answer.headers, answer.content_type, answer.request_id)
    if answer.units is not None:
        response.headers[names.BILLABLE_UNITS] = names.format_units(answer.units)
    return response


def _fill(
    into: CIMultiDict[str],
    request: web.BaseRequest,
    extra: tuple[tuple[str, str], ...],
    content_type: str,
    request_id: str,
) -> None:
    into["Content-Type"] = content_type
    if request_id:
        into[names.REQUEST_ID] = request_id
    if "Origin" in request.headers:
        into["Access-Control-Allow-Origin"] = "*"
        into["Access-Control-Allow-Credentials"] = "true"
        into["Access-Control-Expose-Headers"] = _EXPOSED
    for name, value in extra:
        into[name] = _UNPRINTABLE.sub(" ", value)


def _is_preflight(request: web.BaseRequest) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def _preflight(asked: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The answer to a browser's question before a call: all it asks for is allowed.

    Source: client (protocol.md section 4, starlette's CORSMiddleware).
    """
    answer = (
        ("Access-Control-Allow-Origin", asked.get("Origin", "*")),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Allow-Methods", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
        ("Access-Control-Max-Age", "600"),
        ("Vary", "Origin"),
    )
    wanted = asked.get("Access-Control-Request-Headers")
    return answer if wanted is None else (*answer, ("Access-Control-Allow-Headers", wanted))


def _nowhere() -> Response:
    return Response(HTTPStatus.NOT_FOUND, encode({"detail": addressing.HOW_TO}))


def _local(request: web.BaseRequest) -> str:
    """The server's own address, for requests of HTTP/1.0 that name no host."""
    if "Host" in request.headers or request.transport is None:
        return ""
    name = request.transport.get_extra_info("sockname")
    return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else ""
