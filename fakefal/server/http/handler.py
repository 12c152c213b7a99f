"""The HTTP handler: reads a request within limits, routes it, and writes the response."""

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
from fakefal.addressing import Address, AddressForm, decode_path
from fakefal.engine.core.clock import Clock
from fakefal.engine.engine import Engine
from fakefal.engine.files.blobs import Blob
from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import (
    BufferedResponse,
    EventStreamResponse,
    FileResponse,
    HttpResponse,
    Request,
    WebSocketSession,
    response_for_error,
)
from fakefal.handlers.routes import ROUTES, UnservedRoute, route_of
from fakefal.handlers.server_proxy import check_proxy_request
from fakefal.protocol.core import headers as names
from fakefal.protocol.core import hosts
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import FaultAbort
from fakefal.protocol.errors.ingress import ingress_error
from fakefal.protocol.storage.storage import has_request_id
from fakefal.server.http.body_timeout import BodyIdleTimeout
from fakefal.server.http.connection import (
    SERVER,
    SERVER_HEADERS,
    cors_headers,
    printable,
    write_buffered,
)
from fakefal.server.http.control_endpoint import ControlEndpoint
from fakefal.server.http.parse_errors import check_version, error_for_body
from fakefal.server.http.route_endpoint import NO_ROUTE, RouteEndpoint, tenant_of
from fakefal.server.http.writer import FileWriter
from fakefal.server.tasks import Tasks
from fakefal.server.upload_store import UploadStore

if TYPE_CHECKING:
    from fakefal.recorder.recorder import Recorder

_LOG = logging.getLogger("fakefal")
_CHUNK_BYTES = 262_144
_NEVER_PAUSED_BYTES = 65_536
"""aiohttp does not pause the transport for a body of this size."""
_MISS = (names.HINT, "miss")

Body = TypeVar("Body")
ProxyHandle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]
"""Handles CONNECT and absolute-form requests; None for a target that is this server itself."""


class _Unmatched(Exception):
    """A call that matched no exchange while recording: it goes upstream with the body read here."""

    def __init__(self, recorder: Recorder, body: bytes) -> None:
        super().__init__()
        self.recorder = recorder
        self.body = body


class HttpHandler:
    """Translates HTTP requests into engine calls, and results back; all state is the engine's."""

    def __init__(
        self,
        engine: Engine,
        tasks: Tasks,
        upload_store: UploadStore,
        control_endpoint: ControlEndpoint,
        proxy: ProxyHandle,
        recorder: Recorder | None = None,
    ) -> None:
        self._engine = engine
        self._tasks = tasks
        self._upload_store = upload_store
        self._control_endpoint = control_endpoint
        self._keep_alive = engine.settings.keep_alive
        self._proxy = proxy
        self._recorder = recorder
        self._routes = RouteEndpoint(engine)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Respond to one request; every failure becomes a response too."""
        clock: Clock | None = None
        keep_alive = self._keep_alive
        try:
            if request.raw_path[:1] != "/":
                proxied = await self._proxy(request)
                if proxied is not None:
                    return proxied
            if self._recorder is not None:
                recorded = await self._recorder.handle(request)
                if recorded is not None:
                    return recorded
            response, clock = await self._respond(request)
        except ApiError as error:
            response = response_for_error(error)
            keep_alive = keep_alive and request.content.is_eof()
        except _Unmatched as unmatched:
            return await unmatched.recorder.forward_missed(request, unmatched.body)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception:
            _LOG.exception("fakefal failed on %s %s", request.method, request.raw_path)
            detail = {"detail": "Internal Server Error"}
            response = BufferedResponse(
                500, encode(detail), ((names.HINT, "an error in fakefal; see its log"),)
            )
        if response.fault is not None and clock is not None:
            if request.task is not None:
                self._tasks.track(request.task)
            from fakefal.server.http.fault_writer import FaultWriter  # few servers use faults

            writer = FaultWriter(response, response.fault, clock)
            return await writer.write(request, keep_alive=self._keep_alive)
        if isinstance(response, BufferedResponse):
            if response.is_private:
                keep_alive = keep_alive and request.content.is_eof()
            return write_buffered(response, request, keep_alive=keep_alive)
        if isinstance(response, EventStreamResponse):
            return await self._stream(request, response)
        if isinstance(response, FileResponse):
            return FileWriter(response, keep_alive=keep_alive)
        return await self._run_websocket(request, response)

    def reject_unreadable(self, request_line: str, error: ApiError) -> BufferedResponse:
        """Journal a request that could not be read, and return the response to it.

        ``request_line`` is what is known of the request.
        """
        if error.has_request_id:
            error.request_id = self._engine.record_rejection(
                None, request_line, error.status, error.message
            )
        return response_for_error(error)

    async def _respond(self, request: web.BaseRequest) -> tuple[HttpResponse, Clock | None]:
        """The response, and the tenant's clock, which a fault of the response needs."""
        if request.version is not HttpVersion11:
            check_version(request.version)
        headers = request.headers
        address = addressing.resolve(
            request.raw_path,
            headers,
            scheme=request.scheme,
            local_address="" if "Host" in headers else _own_address(request),
            connected_host=getattr(request.protocol, "named_host", ""),
        )
        if (
            request.method == "OPTIONS"
            and "Access-Control-Request-Method" in headers
            and (address is None or address.form is not AddressForm.CONTROL)
        ):
            # A preflight to a server proxy has no x-fal-target-url yet, so it names no host.
            return BufferedResponse(200, b"OK", _preflight_headers(headers), "text/plain"), None
        if address is None or address.form is AddressForm.PROXY:
            rejection = check_proxy_request(
                request.method, request.raw_path, headers, has_fal_target=address is not None
            )
            if rejection is not None:
                return rejection, None
        if address is None:
            return _unknown_address(), None
        if address.form is AddressForm.CONTROL:
            return await self._control_endpoint.handle(request, address, self._body), None
        return await self._respond_as_fal(request, address)

    async def _respond_as_fal(
        self, request: web.BaseRequest, address: Address
    ) -> tuple[HttpResponse, Clock | None]:
        """The response of a fal host; rejected requests are journalled."""
        headers, path, routed = request.headers, address.path, NO_ROUTE
        tenant: Tenant | None = None
        fal_request: Request | None = None
        try:
            is_media = address.host in hosts.MEDIA_HOSTS
            blob = await self._blob(request) if is_media else None
            body = await self._body(request) if request.can_read_body and not is_media else b""
            if "%" in path:
                path = decode_path(path)
            if self._engine.has_routes or address.host not in ROUTES:
                routed = await self._routes.answer(request, address, path, body, blob)
                if routed.response is not None:
                    return routed.response, routed.clock
            handler, parts = route_of(
                routed.find_handler, address.host, request.method, path, self._engine.has_apis
            )
            tenant = tenant_of(self._engine, request, address.host, parts)
            fal_request = Request(request.method, address, path, headers, body, tenant, blob)
            fal_request.fallback_tenant = self._engine.fallback_tenant
            fal_request.tenant_by_tag = self._engine.tenant_by_tag
            if tenant is not None and tenant.faults.environment is not None:
                _check_host(tenant, address.host_name)
            response = await handler(fal_request, parts)
            if fal_request.fault is not None and not isinstance(response, WebSocketSession):
                response.fault = response.fault or fal_request.fault
            if has_request_id(address.host, path) and isinstance(response, BufferedResponse):
                line = _request_line(request, address, path)
                response.request_id = self._engine.request_id_for(line)
            return routed.finish(response, _clock_of(fal_request))
        except FaultAbort as abort:
            line = _request_line(request, address, path)
            empty = BufferedResponse(500, b"", fault=abort.fault)
            empty.request_id = abort.request_id or self._engine.request_id_for(line)
            return empty, _clock_of(fal_request)
        except ApiError as error:
            if self._recorder is not None and _MISS in error.headers:
                raise _Unmatched(self._recorder, body) from None
            line = _request_line(request, address, path)
            self._record_error(error, tenant, headers, line)
            if address.host == hosts.API:
                error = _as_platform_error(error)
            if error.fault is None and fal_request is not None:
                error.fault = fal_request.fault
            if error.fault is not None or routed.is_builtin:
                return routed.finish(response_for_error(error), _clock_of(fal_request))
            raise error from None

    def _record_error(
        self, error: ApiError, tenant: Tenant | None, headers: Mapping[str, str], line: str
    ) -> None:
        """Journal a request that failed before it became a call, under a new request id.

        It is a miss if the fake lacks its route.
        """
        if error.request_id or (error.is_of_ingress and not error.has_request_id):
            return
        is_miss = isinstance(error, UnservedRoute)
        if tenant is None and is_miss:  # the key was not read yet
            credential = names.read_credential(headers.get("Authorization"))
            tenant = None if credential is None else self._engine.find(credential.token)
        error.request_id = self._engine.record_rejection(
            tenant, line, error.status, error.message, is_miss=is_miss
        )

    async def _body(self, request: web.BaseRequest, limit: int = 0) -> bytes:
        """The whole body; raises ApiError for one that is too large or cannot be read.

        ``limit`` is in bytes; 0 means the limit of calls.
        """
        if not request.can_read_body:
            return b""
        limit = limit or self._engine.settings.limits.body_bytes
        content = request.content
        if content.is_eof() and content.exception() is None and "Expect" not in request.headers:
            buffer = content._buffer  # nearly always complete, and nearly always one piece
            # ``read_nowait`` would also resume a transport that was never paused, and parse
            # nothing; that takes longer than to find the exchange.
            is_small = len(buffer) == 1 and len(buffer[0]) < _NEVER_PAUSED_BYTES
            data = buffer[0] if is_small else content.read_nowait()
            if len(data) > limit:
                raise ingress_error(413, f"the body is over {limit} bytes")
            return data
        if limit < (request.content_length or 0):
            raise ingress_error(413, f"the body is over {limit} bytes")
        data = await self._read_in_time(request, request.read, limit)
        if len(data) > limit:
            raise ingress_error(413, f"the body is over {limit} bytes")
        return data

    async def _blob(self, request: web.BaseRequest) -> Blob | None:
        """The body of an upload, streamed to the upload store."""
        if not request.can_read_body:
            return None
        limit = self._engine.settings.limits.upload_bytes
        if request.content_length is not None and request.content_length > limit:
            raise ingress_error(413, f"the body is over {limit} bytes")
        chunks: AsyncIterator[bytes] = request.content.iter_chunked(_CHUNK_BYTES)
        return await self._read_in_time(request, lambda: self._upload_store.save(chunks), limit)

    async def _read_in_time(
        self, request: web.BaseRequest, read: Callable[[], Awaitable[Body]], limit: int
    ) -> Body:
        """The result of ``read``; the connection is closed if no bytes arrive for too long."""
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            if request.content.is_eof():
                return await read()
            with BodyIdleTimeout(request, self._engine.settings.limits.idle_timeout_seconds):
                return await read()
        except web.HTTPRequestEntityTooLarge:
            raise ingress_error(413, f"the body is over {limit} bytes") from None
        except (web.RequestPayloadError, BadHttpMessage, web.HTTPException, ValueError) as error:
            raise error_for_body(error) from None

    async def _run_websocket(
        self, request: web.BaseRequest, session: WebSocketSession
    ) -> web.StreamResponse:
        from fakefal.server.http.websocket import run_websocket  # few servers need it

        max_message_bytes = self._engine.settings.limits.body_bytes
        try:
            return await run_websocket(request, session, self._tasks, max_message_bytes)
        except ApiError as error:
            return write_buffered(response_for_error(error), request, keep_alive=False)

    async def _stream(
        self, request: web.BaseRequest, stream: EventStreamResponse
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=stream.status)
        if not self._keep_alive:
            response.force_close()
        response.headers["Server"] = SERVER
        response.headers["Content-Type"] = stream.content_type
        if stream.request_id:
            response.headers[names.REQUEST_ID] = stream.request_id
        shared = () if stream.is_private else cors_headers(request, stream.headers)
        for name, value in (*shared, *stream.headers):
            if name.lower() not in SERVER_HEADERS:
                response.headers[printable(name)] = printable(value)
        if request.task is not None:
            self._tasks.track(request.task)
        try:
            await response.prepare(request)
            async with aclosing(stream.chunks) as chunks:
                async for chunk in chunks:
                    await response.write(chunk)
            await response.write_eof()
        except (ClientConnectionResetError, ConnectionResetError):
            _LOG.debug("the caller left stream %s", stream.request_id)
        return response


def _check_host(tenant: Tenant, host_name: str) -> None:
    """Raise FaultAbort for a host that is down for the tenant."""
    fault = tenant.faults.host_fault(host_name)
    if fault is not None:
        tenant.record_rejection("", fault.journal_status, f"{host_name} is down")
        raise FaultAbort(fault)


def _as_platform_error(error: ApiError) -> ApiError:
    """The error in the platform API's own format."""
    from fakefal.protocol.platform_api.platform import to_platform_error  # few servers need it

    return to_platform_error(error)


def _request_line(request: web.BaseRequest, address: Address, path: str) -> str:
    """The request as the journal shows it: ``POST fal.run/fal-ai/any-llm``."""
    return f"{request.method} {address.host}{path}"


def _clock_of(request: Request | None) -> Clock | None:
    """The clock of the responding tenant; None if no tenant was identified."""
    if request is None:
        return None
    tenant = request.owner_tenant or request.tenant
    return None if tenant is None else tenant.clock


def _preflight_headers(request_headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The headers of a preflight response: everything the browser requests is allowed.

    Source: client (docs/reference/protocol.md#cors; starlette's CORSMiddleware).
    """
    allowed = (
        ("Access-Control-Allow-Origin", request_headers.get("Origin", "*")),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Allow-Methods", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
        ("Access-Control-Max-Age", "600"),
        ("Vary", "Origin"),
    )
    requested_headers = request_headers.get("Access-Control-Request-Headers")
    if requested_headers is None:
        return allowed
    return (*allowed, ("Access-Control-Allow-Headers", requested_headers))


def _unknown_address() -> BufferedResponse:
    return BufferedResponse(HTTPStatus.NOT_FOUND, encode({"detail": addressing.NO_HOST_MESSAGE}))


def _own_address(request: web.BaseRequest) -> str:
    """``host:port`` of this server, for HTTP/1.0 requests without a Host header."""
    if request.transport is None:
        return ""
    sockname = request.transport.get_extra_info("sockname")
    return f"{sockname[0]}:{sockname[1]}" if isinstance(sockname, tuple) else ""
