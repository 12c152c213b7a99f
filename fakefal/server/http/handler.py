"""The one HTTP handler: bounds, addresses and routes a request, and writes its answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web
from aiohttp.client_exceptions import ClientConnectionResetError
from aiohttp.http import HttpVersion11
from aiohttp.http_exceptions import BadHttpMessage

from fakefal import addressing
from fakefal.addressing import Address, Form, path_text
from fakefal.engine.core.clock import Clock
from fakefal.engine.engine import Engine
from fakefal.engine.files.blobs import Blob
from fakefal.engine.tenant import Tenant
from fakefal.handlers import proxy
from fakefal.handlers.http import (
    Answer,
    Conversation,
    EventStream,
    FileBody,
    Request,
    Response,
    failed,
)
from fakefal.handlers.routes import find_route
from fakefal.protocol.core import headers as names
from fakefal.protocol.core import hosts
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import WireError
from fakefal.protocol.errors.fault import Interrupted
from fakefal.protocol.errors.ingress import refused_by_ingress
from fakefal.server.http.body_timeout import Patience
from fakefal.server.http.control_endpoint import Desk
from fakefal.server.http.parse_errors import check_version, refused_body
from fakefal.server.http.writer import FRAMING, SERVER, Whole, Windowed, cross_origin, printable
from fakefal.server.tasks import Tasks
from fakefal.server.upload_store import Spool

if TYPE_CHECKING:
    from fakefal.recorder.recorder import Recorder
    from fakefal.server.proxy import Gate

_LOG = logging.getLogger("fakefal")
_CHUNK_BYTES = 262_144
_MISS = (names.HINT, "miss")

Taken = TypeVar("Taken")


class _Missed(Exception):
    """A call that nothing here answers, so that upstream is asked; its body was read."""

    def __init__(self, recorder: Recorder, body: bytes) -> None:
        super().__init__()
        self.recorder = recorder
        self.body = body


class Door:
    """Turns HTTP into engine calls and back; holds no state but the engine."""

    def __init__(self, engine: Engine, tasks: Tasks, spool: Spool, desk: Desk) -> None:
        self._engine = engine
        self._tasks = tasks
        self._spool = spool
        self._desk = desk
        self._keep_alive = engine.settings.keep_alive
        self._nobody, self._marked = engine.nobody, engine.marked
        self.gate: Gate | None = None
        self.recorder: Recorder | None = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; whatever goes wrong inside becomes an answer too."""
        clock: Clock | None = None
        stays = self._keep_alive
        try:
            if request.raw_path[:1] != "/" and self.gate is not None:
                passed = await self.gate.take(request)
                if passed is not None:
                    return passed
            if self.recorder is not None:
                recorded = await self.recorder.answer(request)
                if recorded is not None:
                    return recorded
            answer, clock = await self._answer(request)
        except WireError as error:
            answer = failed(error)
            stays = stays and request.content.is_eof()
        except _Missed as missed:
            return await missed.recorder.take_over(request, missed.body)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception:
            _LOG.exception("fakefal failed on %s %s", request.method, request.raw_path)
            detail = {"detail": "Internal Server Error"}
            answer = Response(
                500, encode(detail), ((names.HINT, "a fault of fakefal; see its log"),)
            )
        if answer.trouble is not None and clock is not None:
            if request.task is not None:
                self._tasks.adopt(request.task)
            from fakefal.server.http.fault_writer import Troubled  # most servers have no trouble

            return Troubled(answer, answer.trouble, clock, keep_alive=self._keep_alive)
        if isinstance(answer, EventStream):
            return await self._stream(request, answer)
        if isinstance(answer, FileBody):
            return Windowed(answer, keep_alive=stays)
        if isinstance(answer, Conversation):
            return await self._converse(request, answer)
        if answer.is_private:
            stays = stays and request.content.is_eof()
        return Whole(answer, keep_alive=stays)

    def refuse(self, what: str, error: WireError) -> Response:
        """The answer to a request that could not be read; ``what`` is as much of it as is known."""
        if error.identified:
            error.request_id = self._engine.note_refusal(None, what, error.status, error.told)
        return failed(error)

    async def _answer(self, request: web.BaseRequest) -> tuple[Answer, Clock | None]:
        """The answer, and the clock of the tenant that gives it."""
        if request.version is not HttpVersion11:
            check_version(request.version)
        headers = request.headers
        address = addressing.resolve(
            request.raw_path,
            headers,
            scheme=request.scheme,
            local=_local(request),
            meant=getattr(request.protocol, "meant", ""),
        )
        if _is_preflight(request) and (address is None or address.form is not Form.CONTROL):
            # That to a proxy comes without the header that will name the host.
            return Response(200, b"OK", _preflight(headers), "text/plain"), None
        if address is None or address.form is Form.PROXY:
            refused = proxy.refusal(
                request.method, request.raw_path, headers, found=address is not None
            )
            if refused is not None:
                return refused, None
        if address is None:
            return _nowhere(), None
        if address.form is Form.CONTROL:
            return await self._desk.answer(request, address, self._body), None
        return await self._of_face(request, address)

    async def _of_face(
        self, request: web.BaseRequest, address: Address
    ) -> tuple[Answer, Clock | None]:
        """The answer of the face that serves the host; what is refused is noted."""
        headers, path = request.headers, address.path
        tenant: Tenant | None = None
        asked: Request | None = None
        try:
            body, blob = b"", None
            if address.host in hosts.STORED:
                blob = await self._blob(request)
            else:
                body = await self._body(request)
            path = path_text(path)
            handler, parts = find_route(address.host, request.method, path)
            tenant = self._tenant(headers, request.method, address.host, parts)
            asked = Request(request.method, address, path, headers, body, tenant)
            asked.nobody, asked.marked, asked.blob = self._nobody, self._marked, blob
            if tenant is not None and tenant.troubles.world is not None:
                unreachable = tenant.troubles.unreachable(address.name)
                if unreachable is not None:
                    tenant.refused("", unreachable.code, f"{address.name} is down")
                    raise Interrupted(unreachable)
            answer = await handler(asked, parts)
            if asked.trouble is not None and not isinstance(answer, Conversation):
                answer.trouble = answer.trouble or asked.trouble
            if address.host == hosts.REST and isinstance(answer, Response):
                answer.request_id = self._engine.id_of(_what(request, address, path))
            return answer, None if answer.trouble is None else _clock_of(asked)
        except Interrupted as interrupted:
            request_id = interrupted.request_id
            if not request_id:
                request_id = self._engine.id_of(_what(request, address, path))
            nothing = Response(500, b"", request_id=request_id)
            nothing.trouble = interrupted.trouble
            return nothing, _clock_of(asked)
        except WireError as error:
            if self.recorder is not None and _MISS in error.headers:
                raise _Missed(self.recorder, body) from None
            if error.identified and not error.request_id:
                what = _what(request, address, path)
                error.request_id = self._engine.note_refusal(tenant, what, error.status, error.told)
            if address.host == hosts.API:
                error = _shaped(error)
            if error.trouble is None and asked is not None:
                error.trouble = asked.trouble
            if error.trouble is not None:
                return failed(error), _clock_of(asked)
            raise error from None

    def _tenant(
        self, headers: Mapping[str, str], method: str, host: str, parts: Mapping[str, str]
    ) -> Tenant | None:
        credential = names.read_credential(headers.get("Authorization"))
        if credential is None or (credential.scheme == "bearer" and host in hosts.STORED):
            return None  # what is borne there is a token, and no key
        begins_call = method == "POST"
        return self._engine.tenant_for(
            credential, parts.get("endpoint", ""), begins_call=begins_call
        )

    async def _body(self, request: web.BaseRequest, limit: int = 0) -> bytes:
        """The whole body; raises WireError for one that is too large or cannot be read.

        ``limit`` 0 is that of a call.
        """
        if not request.can_read_body:
            return b""
        limit = limit or self._engine.settings.limits.body_bytes
        content = request.content
        if content.is_eof() and content.exception() is None and "Expect" not in request.headers:
            data = content.read_nowait()  # almost always all of it is there
            if len(data) > limit:
                raise refused_by_ingress(413, f"the body is over {limit} bytes")
            return data
        if limit < (request.content_length or 0):
            raise refused_by_ingress(413, f"the body is over {limit} bytes")
        data = await self._taken(request, request.read, limit)
        if len(data) > limit:
            raise refused_by_ingress(413, f"the body is over {limit} bytes")
        return data

    async def _blob(self, request: web.BaseRequest) -> Blob | None:
        """The body of an upload, which is not held in memory as a whole."""
        if not request.can_read_body:
            return None
        limit = self._engine.settings.limits.upload_bytes
        if request.content_length is not None and request.content_length > limit:
            raise refused_by_ingress(413, f"the body is over {limit} bytes")
        chunks: AsyncIterator[bytes] = request.content.iter_chunked(_CHUNK_BYTES)
        return await self._taken(request, lambda: self._spool.take(chunks), limit)

    async def _taken(
        self, request: web.BaseRequest, take: Callable[[], Awaitable[Taken]], limit: int
    ) -> Taken:
        """What is made of a body while it comes; the caller may not be silent for too long."""
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            if request.content.is_eof():
                return await take()
            with Patience(request, self._engine.settings.limits.idle_seconds):
                return await take()
        except web.HTTPRequestEntityTooLarge:
            raise refused_by_ingress(413, f"the body is over {limit} bytes") from None
        except (web.RequestPayloadError, BadHttpMessage, web.HTTPException, ValueError) as error:
            raise refused_body(error) from None

    async def _converse(self, request: web.BaseRequest, answer: Conversation) -> web.StreamResponse:
        from fakefal.server.http.websocket import converse  # most servers never see a socket

        limit = self._engine.settings.limits.body_bytes
        try:
            return await converse(request, answer, self._tasks, limit)
        except WireError as error:
            return Whole(failed(error), keep_alive=False)

    async def _stream(self, request: web.BaseRequest, answer: EventStream) -> web.StreamResponse:
        response = web.StreamResponse(status=200)
        if not self._keep_alive:
            response.force_close()
        response.headers["Server"] = SERVER
        response.headers["Content-Type"] = answer.content_type
        if not answer.is_private:
            response.headers[names.REQUEST_ID] = answer.request_id
        shared = () if answer.is_private else cross_origin(request, answer.headers)
        for name, value in (*shared, *answer.headers):
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


def _shaped(error: WireError) -> WireError:
    """A failure as the platform API tells it."""
    from fakefal.protocol.platform_api.platform import shaped  # most servers are not asked for it

    return shaped(error)


def _what(request: web.BaseRequest, address: Address, path: str) -> str:
    """A request as the journal tells it."""
    return f"{request.method} {address.host}{path}"


def _clock_of(asked: Request | None) -> Clock | None:
    """The clock of the tenant that answers."""
    if asked is None:
        return None
    tenant = asked.owner or asked.tenant
    return None if tenant is None else tenant.clock


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
