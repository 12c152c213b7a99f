"""The one HTTP handler: bounds, addresses and routes a request, and writes its answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from http import HTTPStatus

from aiohttp import web
from aiohttp.client_exceptions import ClientConnectionResetError
from aiohttp.http_exceptions import BadHttpMessage

from fakefal import addressing
from fakefal.addressing import Address, Form, path_text
from fakefal.control import api
from fakefal.engine.blobs import Blob
from fakefal.engine.engine import Engine
from fakefal.engine.tenant import Tenant
from fakefal.faces import proxy
from fakefal.faces.http import Answer, EventStream, FileBody, Request, Response, failed
from fakefal.faces.routes import find_route
from fakefal.protocol import errors, hosts
from fakefal.protocol import headers as names
from fakefal.protocol.errors import WireError
from fakefal.protocol.texts import encode
from fakefal.server.spool import Spool
from fakefal.server.tasks import Tasks
from fakefal.server.wire import FRAMING, SERVER, Whole, Windowed, cross_origin, printable

_LOG = logging.getLogger("fakefal")
_CHUNK_BYTES = 262_144


class Door:
    """Turns HTTP into engine calls and back; holds no state but the engine."""

    def __init__(self, engine: Engine, tasks: Tasks, spool: Spool) -> None:
        self._engine = engine
        self._tasks = tasks
        self._spool = spool

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
        if isinstance(answer, FileBody):
            return Windowed(answer, keep_alive=self._engine.settings.keep_alive)
        return Whole(answer, keep_alive=self._engine.settings.keep_alive)

    async def _answer(self, request: web.BaseRequest) -> Answer:
        headers = request.headers
        address = addressing.resolve(
            request.raw_path, headers, scheme=request.scheme, local=_local(request)
        )
        if address is None or address.form is Form.PROXY:
            refused = proxy.refusal(
                request.method, request.raw_path, headers, found=address is not None
            )
            if refused is not None:
                return refused
        if address is None:
            return _nowhere()
        if _is_preflight(request) and address.form is not Form.CONTROL:
            return Response(200, b"OK", _preflight(headers), "text/plain")
        body, blob = b"", None
        if request.can_read_body:
            if address.host in hosts.STORED:
                blob = await self._blob(request)
            else:
                body = await self._body(request)
        if address.form is Form.CONTROL:
            return self._control(request, address, body)
        path = path_text(address.path)
        tenant: Tenant | None = None
        try:
            handler, parts = find_route(address.host, request.method, path)
            tenant = self._tenant(headers, address.host)
            asked = Request(
                request.method, address, path, headers, body, tenant, self._engine.marked, blob
            )
            return await handler(asked, parts)
        except WireError as error:
            if error.identified and not error.request_id:
                what = f"{request.method} {address.host}{path}"
                error.request_id = self._engine.note_refusal(tenant, what, error.status, error.told)
            raise

    def _tenant(self, headers: Mapping[str, str], host: str) -> Tenant | None:
        credential = names.read_credential(headers.get("Authorization"))
        if credential is None or (credential.scheme == "bearer" and host in hosts.STORED):
            return None  # what is borne there is a token, and no key
        return self._engine.tenant_for(credential)

    def _control(self, request: web.BaseRequest, address: Address, body: bytes) -> Answer:
        authorization = request.headers.get("Authorization")
        status, found = api.answer(self._engine, request.method, address.path, authorization, body)
        return Response(status, encode(found))

    async def _body(self, request: web.BaseRequest) -> bytes:
        await _go_on(request)
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise errors.body_too_large() from None
        except (web.RequestPayloadError, BadHttpMessage, web.HTTPException, ValueError):
            raise _unreadable() from None

    async def _blob(self, request: web.BaseRequest) -> Blob:
        """The body of an upload, which is not held in memory as a whole."""
        length = request.content_length
        if length is not None and length > self._engine.settings.limits.upload_bytes:
            raise errors.body_too_large()
        await _go_on(request)
        chunks: AsyncIterator[bytes] = request.content.iter_chunked(_CHUNK_BYTES)
        try:
            return await self._spool.take(chunks)
        except (web.RequestPayloadError, BadHttpMessage, web.HTTPException, ValueError):
            raise _unreadable() from None

    async def _stream(self, request: web.BaseRequest, answer: EventStream) -> web.StreamResponse:
        response = web.StreamResponse(status=200)
        if not self._engine.settings.keep_alive:
            response.force_close()
        response.headers["Server"] = SERVER
        response.headers["Content-Type"] = answer.content_type
        response.headers[names.REQUEST_ID] = answer.request_id
        for name, value in (*cross_origin(request), *answer.headers):
            if name.lower() not in FRAMING:
                response.headers[printable(name)] = printable(value)
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


async def _go_on(request: web.BaseRequest) -> None:
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _unreadable() -> WireError:
    return WireError(400, {"detail": "There was an error parsing the body"})


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
