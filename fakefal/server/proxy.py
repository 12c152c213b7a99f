"""The proxy and the TLS port: brings connections to the door, or past it to other hosts."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from aiohttp import ClientError, web
from aiohttp.abc import AbstractStreamWriter

from fakefal.engine.engine import Engine
from fakefal.errors import FakefalError
from fakefal.protocol.core import headers as names
from fakefal.protocol.core.hosts import canonical, is_fals
from fakefal.proxy.client_hello import Hello
from fakefal.proxy.protocol_sniffer import Opening, secure
from fakefal.proxy.proxy_log import Visits
from fakefal.proxy.resets import reset
from fakefal.proxy.targets import Target, is_address, read_authority, read_url
from fakefal.server.http.connection import Connection, Listener
from fakefal.server.tasks import Tasks

if TYPE_CHECKING:
    import ssl

    from fakefal.ca.authority import Authority
    from fakefal.proxy.forwarding import Forwarder
    from fakefal.proxy.parent_proxy import Upstream
    from fakefal.proxy.relay import Side
    from fakefal.settings import Settings

_LOG = logging.getLogger("fakefal")
_DIAL_SECONDS = 30.0
_HERE = ("localhost", "127.0.0.1", "::1")
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_UNPRINTABLE = re.compile(r"[^ -~]+")


class Gate:
    """Takes what is no plain request of the fake's own port.

    ``ports`` are the fake's own. ``visits`` tells of other hosts that were asked for;
    ``upstream`` is the proxy that the way to them goes through.
    """

    def __init__(self, engine: Engine, tasks: Tasks) -> None:
        self.listener: Listener | None = None
        self.ports: set[int] = set()
        self.visits = Visits()
        self.upstream: Upstream | None = None
        self._engine = engine
        self._settings: Settings = engine.settings
        self._tasks = tasks
        self._authority: Authority | None = None
        self._forwarder: Forwarder | None = None
        self._preparing = asyncio.Lock()
        self._tunnels: set[Side] = set()
        self._lines: list[asyncio.Transport] = []
        self._most = 64

    @property
    def authority(self) -> Authority:
        """The local CA, read or made when it is first needed; raises FakefalError."""
        if self._authority is None:
            from fakefal.ca.authority import Authority  # most servers speak no TLS
            from fakefal.settings import data_folder

            self._authority = Authority(self._settings.home or data_folder())
        return self._authority

    async def take(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """The answer to a request whose target is no path; None if the door is to answer."""
        if request.method == "CONNECT":
            return await self._connect(request)
        target = read_url(request.raw_path)
        if target is None or is_fals(target.host) or await self._is_own(target, request):
            return None
        if self._settings.offline:
            return self._refused(request, target)
        return await self._forward(request, target)

    def opening(self) -> Opening:
        """The protocol of a new connection to the TLS port."""
        return Opening(began=lambda it: self._tasks.start(self._welcome(it, None), "TLS"))

    async def stop(self) -> None:
        """End all tunnels, and what is left under TLS: it would wait for the other side's end."""
        for side in list(self._tunnels):
            side.abort()
        for line in self._lines:
            line.abort()
        self._lines.clear()
        if self._forwarder is not None:
            await self._forwarder.close()

    # CONNECT

    async def _connect(self, request: web.BaseRequest) -> web.StreamResponse:
        target = read_authority(request.raw_path)
        if target is None:
            return _Told(400, "CONNECT wants a host and a port, such as queue.fal.run:443")
        if is_fals(target.host) or await self._is_own(target, request):
            try:
                if self._authority is None:
                    await self._prepare()
            except FakefalError as error:
                return _Told(502, str(error))
            transport, early = cast(Connection, request.protocol).leave()
            opening = Opening(early)
            transport.set_protocol(opening)
            opening.connection_made(transport)
            transport.resume_reading()
            transport.write(_ESTABLISHED)
            self._tasks.start(self._welcome(opening, target), "a CONNECT")
            raise asyncio.CancelledError  # the request's task ends here
        if self._settings.offline:
            return self._refused(request, target)
        return await self._tunnel(request, target)

    async def _prepare(self) -> None:
        """Have the CA before it is promised; reading its library takes a while."""
        async with self._preparing:  # hundreds may come at once
            if self._authority is None:
                await asyncio.to_thread(lambda: self.authority)

    async def _tunnel(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        from fakefal.proxy.relay import Side, dial

        if len(self._tunnels) >= self._settings.limits.tunnels:
            return _Told(503, f"{len(self._tunnels)} tunnels are open, and no more are let in")
        try:
            reach = dial if self.upstream is None else self.upstream.dial
            far = await reach(target.host, target.port, _DIAL_SECONDS)
        except OSError as error:
            return self._unreachable(request, target, error)
        self._tunnels.add(far)
        self.visits.note(target, "tunnelled")
        try:
            transport, early = cast(Connection, request.protocol).leave()
        except ConnectionError:
            far.abort()
            raise
        near = Side(lambda: self._tunnels.discard(far))
        transport.set_protocol(near)
        near.connection_made(transport)
        transport.write(_ESTABLISHED)
        near.join(far)
        if early:
            near.data_received(early)
        raise asyncio.CancelledError  # the request's task ends here

    async def _welcome(self, opening: Opening, target: Target | None) -> None:
        """Find out what is spoken on a connection, and let the door serve it.

        Without a target it is one to the TLS port, where nothing else is spoken.
        """
        seconds = self._settings.limits.idle_seconds
        transport = opening.transport
        assert transport is not None
        is_served = False
        try:
            hello = await asyncio.wait_for(opening.hello(), seconds)
            if hello is None:
                return
            meant = _meant(hello, target)
            if meant and self._is_down(meant):
                self._engine.note_refusal(None, f"TLS {meant}", 0, f"{meant} is down")
                reset(transport)
            elif hello.is_tls:
                secured, inside = await secure(
                    opening, self._leaf(hello, target, transport), seconds, self._tasks.start
                )
                self._keep(transport)
                self._serve(secured, inside, meant)
                is_served = not inside.is_lost
            elif target is None:
                transport.write(_TLS_ONLY)
                transport.close()
                is_served = True
            else:
                self._serve(transport, opening, meant)
                is_served = True
        except (OSError, asyncio.TimeoutError, FakefalError, RuntimeError) as error:
            # uvloop raises RuntimeError for what is done to a connection that has just ended.
            _LOG.debug("no connection came about: %s", error)
        finally:
            if not is_served:
                transport.abort()

    def _keep(self, line: asyncio.Transport) -> None:
        """Know what is open under TLS; now and then what has been closed is forgotten."""
        self._lines.append(line)
        if len(self._lines) > self._most:
            self._lines = [it for it in self._lines if not it.is_closing()]
            self._most = 64 + 2 * len(self._lines)

    def _serve(self, transport: asyncio.Transport, opening: Opening, meant: str) -> None:
        if opening.is_lost:
            return
        assert self.listener is not None
        connection = cast(Connection, self.listener())
        connection.meant = meant
        opening.hand_over(transport, connection)

    def _leaf(
        self, hello: Hello, target: Target | None, transport: asyncio.Transport
    ) -> ssl.SSLContext:
        """The certificate for a name; without one, for the address that was dialled."""
        name = hello.name or ("" if target is None else target.host)
        if name and name not in _HERE:
            return self.authority.leaf(name)
        address = transport.get_extra_info("sockname")
        here = [str(address[0])] if isinstance(address, tuple) else []
        return self.authority.leaf_here(*dict.fromkeys((*_HERE, *here)))

    # What is known of hosts

    def _is_down(self, name: str) -> bool:
        """Whether nobody who asks for a host would reach it.

        Whose key will be sent is not known yet: it is asked of the test's own tenant, else of all.
        What one tenant alone has said holds for its requests (the door resets those).
        """
        home = self._engine.home
        if home is not None:
            return home.troubles.unreachable(name) is not None
        return self._engine.is_down(name)

    async def _is_own(self, target: Target, request: web.BaseRequest) -> bool:
        """Whether a target is this very server, under whatever name."""
        if target.port not in self.ports:
            return False
        known = {*_HERE, "0.0.0.0", "::"}
        if target.host in known or target.host.startswith("127."):
            return True
        name = request.transport and request.transport.get_extra_info("sockname")
        if isinstance(name, tuple):
            known.add(str(name[0]))
        if target.host in known or is_address(target.host):
            return target.host in known
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                target.host, target.port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError):
            return False
        return any(it[4][0] in known or str(it[4][0]).startswith("127.") for it in found)

    # Other hosts

    async def _forward(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        if self._forwarder is None:
            from fakefal.proxy.forwarding import Forwarder

            self._forwarder = Forwarder()
        try:
            answer = await self._forwarder.send(request)
        except ConnectionResetError:
            raise
        except (OSError, ClientError, ValueError) as error:
            return self._unreachable(request, target, error)
        self.visits.note(target, "forwarded")
        return answer

    def _refused(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        self.visits.note(target, "refused")
        why = f"fakefal is offline and lets nobody out to {target}"
        self._engine.note_refusal(None, f"{request.method} {target}", 403, why)
        return _Told(403, why)

    def _unreachable(
        self, request: web.BaseRequest, target: Target, error: Exception
    ) -> web.StreamResponse:
        self.visits.note(target, "unreachable")
        why = f"cannot reach {target}: {_reason(error)}"
        self._engine.note_refusal(None, f"{request.method} {target}", 502, why)
        return _Told(502, why)


class _Told(web.StreamResponse):
    """An answer of the proxy itself: its reason stands in the status line, as that is what most
    clients show of a CONNECT that fails, and in the body. The connection is closed after it."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(status=status)
        self._bytes = told(status, why)

    @property
    def keep_alive(self) -> bool | None:
        """It does not stay open."""
        return False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it."""
        if request.transport is None:
            raise ConnectionResetError("the caller has gone")
        request.transport.write(self._bytes)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to be written."""


def told(status: int, why: str) -> bytes:
    """A whole answer in plain text."""
    line = _UNPRINTABLE.sub(" ", why)[:300]
    body = f"{why}\n".encode()
    head = (
        f"HTTP/1.1 {status} {line}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"{names.HINT}: {line}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body


_TLS_ONLY = told(
    HTTPStatus.BAD_REQUEST, "a plain HTTP request was sent to the TLS port - use https://"
)


def _reason(error: Exception) -> str:
    """Why a host is not reached, in the system's words where it has some."""
    error = getattr(error, "os_error", error)
    if isinstance(error, socket.gaierror):
        return error.strerror or "the name is not known"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__


def _meant(hello: Hello, target: Target | None) -> str:
    """The fal host that was asked for before any HTTP; empty if it was none."""
    if canonical(hello.name) is not None:
        return hello.name
    return target.host if target is not None and canonical(target.host) is not None else ""
