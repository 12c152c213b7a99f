"""The forward proxy and the TLS port: serves fal's hosts here, and relays all other hosts."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from aiohttp import ClientError, web
from aiohttp.abc import AbstractStreamWriter

from fakefal.engine.engine import Engine
from fakefal.errors import FakefalError
from fakefal.protocol.core import headers as names
from fakefal.protocol.core.hosts import canonical_host, is_fal_host
from fakefal.proxy.access import AUTHENTICATE, may_reach_others
from fakefal.proxy.client_hello import ClientHello
from fakefal.proxy.protocol_sniffer import SniffingProtocol, start_tls
from fakefal.proxy.proxy_log import ProxyLog
from fakefal.proxy.resets import reset
from fakefal.proxy.targets import Target, is_ip_address, read_authority, read_url
from fakefal.server.http.connection import Connection
from fakefal.server.tasks import Tasks

if TYPE_CHECKING:
    import ssl

    from fakefal.ca.authority import Authority
    from fakefal.proxy.forwarding import Forwarder
    from fakefal.proxy.parent_proxy import ParentProxy
    from fakefal.proxy.relay import TunnelEnd
    from fakefal.settings import Settings

_LOG = logging.getLogger("fakefal")
_DIAL_TIMEOUT_SECONDS = 30.0
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_UNPRINTABLE = re.compile(r"[^ -~]+")

OpenConnection = Callable[[], Connection]
"""Creates the HTTP protocol of a connection."""


class ProxyServer:
    """Handles CONNECT, absolute-form proxy requests and the TLS port.

    ``ports`` are the server's own. ``token`` is required from other machines for other hosts than
    fal's; None if no other machine can reach the server. ``log`` counts requests to other hosts;
    ``parent_proxy`` is the user's own proxy, through which those hosts are reached.
    """

    def __init__(self, engine: Engine, tasks: Tasks) -> None:
        self.ports: set[int] = set()
        self.token: str | None = None
        self.log = ProxyLog()
        self.parent_proxy: ParentProxy | None = None
        self._engine = engine
        self._settings: Settings = engine.settings
        self._tasks = tasks
        self._authority: Authority | None = None
        self._forwarder: Forwarder | None = None
        self._authority_lock = asyncio.Lock()
        self._tunnels: set[TunnelEnd] = set()
        self._tls_transports: list[asyncio.Transport] = []
        self._prune_above = 64

    @property
    def authority(self) -> Authority:
        """The local CA, read or created on first use; raises FakefalError."""
        if self._authority is None:
            # Deferred: cryptography takes a while to import, and most servers use no TLS.
            from fakefal.ca.authority import Authority
            from fakefal.settings import data_folder

            self._authority = Authority(self._settings.home or data_folder())
        return self._authority

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Respond to a request whose target is not a path; None if it is for this server itself."""
        if request.method == "CONNECT":
            return await self._connect(request)
        target = read_url(request.raw_path)
        if (
            target is None
            or is_fal_host(target.host)
            or await self._is_this_server(target, request)
        ):
            return None
        return self._reject(request, target) or await self._forward(request, target)

    def new_tls_connection(self, open_connection: OpenConnection) -> SniffingProtocol:
        """The protocol of a new connection to the TLS port."""
        return SniffingProtocol(
            on_connected=lambda sniffer: self._tasks.start(
                self._serve_sniffed(sniffer, None, open_connection), "TLS"
            )
        )

    async def stop(self) -> None:
        """Abort all tunnels and TLS connections.

        A TLS transport that is only closed would wait for the peer's close_notify.
        """
        for tunnel_end in list(self._tunnels):
            tunnel_end.abort()
        for transport in self._tls_transports:
            transport.abort()
        self._tls_transports.clear()
        if self._forwarder is not None:
            await self._forwarder.close()

    # CONNECT

    async def _connect(self, request: web.BaseRequest) -> web.StreamResponse:
        target = read_authority(request.raw_path)
        if target is None:
            return _ProxyErrorResponse(400, "CONNECT needs host:port, such as queue.fal.run:443")
        if is_fal_host(target.host) or await self._is_this_server(target, request):
            try:
                if self._authority is None:
                    await self._load_authority()
            except FakefalError as error:
                return _ProxyErrorResponse(502, str(error))
            connection = cast(Connection, request.protocol)
            transport, buffered = connection.detach()
            sniffer = SniffingProtocol(buffered)
            transport.set_protocol(sniffer)
            sniffer.connection_made(transport)
            transport.resume_reading()
            transport.write(_ESTABLISHED)
            serving = self._serve_sniffed(sniffer, target, connection.open_sibling)
            self._tasks.start(serving, "a CONNECT")
            raise asyncio.CancelledError  # the request's task ends here
        return self._reject(request, target) or await self._tunnel(request, target)

    async def _load_authority(self) -> None:
        """Load the CA before CONNECT is confirmed; in a thread, as the import takes a while."""
        async with self._authority_lock:  # hundreds of CONNECTs may arrive together
            if self._authority is None:
                await asyncio.to_thread(lambda: self.authority)

    async def _tunnel(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        from fakefal.proxy.relay import TunnelEnd, dial

        if len(self._tunnels) >= self._settings.limits.tunnels:
            return _ProxyErrorResponse(503, f"too many open tunnels ({len(self._tunnels)})")
        try:
            dial_target = dial if self.parent_proxy is None else self.parent_proxy.dial
            far_end = await dial_target(target.host, target.port, _DIAL_TIMEOUT_SECONDS)
        except OSError as error:
            return self._reject_unreachable(request, target, error)
        self._tunnels.add(far_end)
        self.log.note(target, "tunnelled")
        try:
            transport, buffered = cast(Connection, request.protocol).detach()
        except ConnectionError:
            far_end.abort()
            raise
        near_end = TunnelEnd(lambda: self._tunnels.discard(far_end))
        transport.set_protocol(near_end)
        near_end.connection_made(transport)
        transport.write(_ESTABLISHED)
        near_end.connect_to(far_end)
        if buffered:
            near_end.data_received(buffered)
        raise asyncio.CancelledError  # the request's task ends here

    async def _serve_sniffed(
        self, sniffer: SniffingProtocol, target: Target | None, open_connection: OpenConnection
    ) -> None:
        """Detect TLS or plain HTTP on a connection, and serve HTTP on it.

        ``target`` is that of a CONNECT; without one it is a connection to the TLS port, where
        only TLS is accepted.
        """
        idle_seconds = self._settings.limits.idle_timeout_seconds
        transport = sniffer.transport
        assert transport is not None
        is_served = False
        try:
            hello = await asyncio.wait_for(sniffer.read_hello(), idle_seconds)
            if hello is None:
                return
            named_host = _named_fal_host(hello, target)
            if named_host and self._is_down(named_host):
                self._engine.record_rejection(None, f"TLS {named_host}", 0, f"{named_host} is down")
                reset(transport)
            elif hello.is_tls:
                secured, inner = await start_tls(
                    sniffer,
                    self._tls_context(hello, target, transport),
                    idle_seconds,
                    self._tasks.start,
                )
                self._track_tls_transport(transport)
                self._serve(secured, inner, open_connection, named_host)
                is_served = not inner.is_lost
            elif target is None:
                transport.write(_TLS_ONLY)
                transport.close()
                is_served = True
            else:
                self._serve(transport, sniffer, open_connection, named_host)
                is_served = True
        except (OSError, asyncio.TimeoutError, FakefalError, RuntimeError) as error:
            # uvloop raises RuntimeError for operations on a connection that has just closed.
            _LOG.debug("connection failed before any request: %s", error)
        finally:
            if not is_served:
                transport.abort()

    def _track_tls_transport(self, transport: asyncio.Transport) -> None:
        """Remember a TLS transport for ``stop``; closed ones are pruned as the list grows."""
        self._tls_transports.append(transport)
        if len(self._tls_transports) > self._prune_above:
            self._tls_transports = [
                open_transport
                for open_transport in self._tls_transports
                if not open_transport.is_closing()
            ]
            self._prune_above = 64 + 2 * len(self._tls_transports)

    @staticmethod
    def _serve(
        transport: asyncio.Transport,
        sniffer: SniffingProtocol,
        open_connection: OpenConnection,
        named_host: str,
    ) -> None:
        if sniffer.is_lost:
            return
        connection = open_connection()
        connection.named_host = named_host
        sniffer.hand_over(transport, connection)

    def _tls_context(
        self, hello: ClientHello, target: Target | None, transport: asyncio.Transport
    ) -> ssl.SSLContext:
        """The certificate for the name in SNI or CONNECT; without one, for the local address."""
        name = hello.name or ("" if target is None else target.host)
        if name and name not in _LOCAL_NAMES:
            return self.authority.context_for_host(name)
        address = transport.get_extra_info("sockname")
        addresses = [str(address[0])] if isinstance(address, tuple) else []
        return self.authority.context_for_names(*dict.fromkeys((*_LOCAL_NAMES, *addresses)))

    def _is_down(self, host: str) -> bool:
        """Whether a host is down for every caller.

        The key is not known before the request, so the default tenant decides, or without one all
        tenants together. A host that is down for a single tenant only is reset by the handler.
        """
        default_tenant = self._engine.default_tenant
        if default_tenant is not None:
            return default_tenant.faults.host_fault(host) is not None
        return self._engine.is_down(host)

    async def _is_this_server(self, target: Target, request: web.BaseRequest) -> bool:
        """Whether a target is this server, by any of its names and addresses."""
        if target.port not in self.ports:
            return False
        own_hosts = {*_LOCAL_NAMES, "0.0.0.0", "::"}
        if target.host in own_hosts or target.host.startswith("127."):
            return True
        sockname = request.transport and request.transport.get_extra_info("sockname")
        if isinstance(sockname, tuple):
            own_hosts.add(str(sockname[0]))
        if target.host in own_hosts or is_ip_address(target.host):
            return target.host in own_hosts
        try:
            resolved = await asyncio.get_running_loop().getaddrinfo(
                target.host, target.port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError):
            return False
        return any(
            address[4][0] in own_hosts or str(address[4][0]).startswith("127.")
            for address in resolved
        )

    async def _forward(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        if self._forwarder is None:
            from fakefal.proxy.forwarding import Forwarder

            self._forwarder = Forwarder()
        try:
            response = await self._forwarder.send(request)
        except ConnectionResetError:
            raise
        except (OSError, ClientError, ValueError) as error:
            return self._reject_unreachable(request, target, error)
        self.log.note(target, "forwarded")
        return response

    def _reject(self, request: web.BaseRequest, target: Target) -> web.StreamResponse | None:
        """The error for a host that the caller may not reach; None if it may."""
        status, reason, challenge = 403, f"blocked by --offline: {target}", ""
        if not self._settings.offline:
            peer = (
                None if request.transport is None else request.transport.get_extra_info("peername")
            )
            if may_reach_others(request.headers, peer, self.token):
                return None
            status, challenge = 407, AUTHENTICATE
            reason = (
                f"{target} is not fal's: from other machines the proxy needs the token of the "
                "control API for it, as in http://fakefal:TOKEN@host:port"
            )
        self.log.note(target, "refused")
        self._engine.record_rejection(None, f"{request.method} {target}", status, reason)
        return _ProxyErrorResponse(status, reason, challenge)

    def _reject_unreachable(
        self, request: web.BaseRequest, target: Target, error: Exception
    ) -> web.StreamResponse:
        self.log.note(target, "unreachable")
        reason = f"cannot reach {target}: {_os_reason(error)}"
        self._engine.record_rejection(None, f"{request.method} {target}", 502, reason)
        return _ProxyErrorResponse(502, reason)


class _ProxyErrorResponse(web.StreamResponse):
    """An error of the proxy itself; the connection is closed after it.

    The reason is also in the status line, the only part of a failed CONNECT that most clients show.
    """

    def __init__(self, status: int, reason: str, challenge: str = "") -> None:
        super().__init__(status=status)
        self._bytes = error_bytes(status, reason, challenge)

    @property
    def keep_alive(self) -> bool | None:
        """Always false: the tunnel that the caller wanted does not exist."""
        return False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write the whole response."""
        if request.transport is None:
            raise ConnectionResetError("the caller has left")
        request.transport.write(self._bytes)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """No-op: ``prepare`` already wrote everything."""


def error_bytes(status: int, reason: str, challenge: str = "") -> bytes:
    """A complete ``text/plain`` response with the reason as its phrase, hint and body."""
    one_line = _UNPRINTABLE.sub(" ", reason)[:300]
    body = f"{reason}\n".encode()
    head = (
        f"HTTP/1.1 {status} {one_line}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"{names.HINT}: {one_line}\r\n"
        + (f"Proxy-Authenticate: {challenge}\r\n" if challenge else "")
        + "Connection: close\r\n\r\n"
    )
    return head.encode() + body


_TLS_ONLY = error_bytes(
    HTTPStatus.BAD_REQUEST, "a plain HTTP request was sent to the TLS port - use https://"
)


def _os_reason(error: Exception) -> str:
    """Why a host cannot be reached, in the operating system's words if it has any."""
    error = getattr(error, "os_error", error)
    if isinstance(error, socket.gaierror):
        return error.strerror or "unknown host name"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__


def _named_fal_host(hello: ClientHello, target: Target | None) -> str:
    """The fal host in SNI or CONNECT; empty if neither names one."""
    if canonical_host(hello.name) is not None:
        return hello.name
    return target.host if target is not None and canonical_host(target.host) is not None else ""
