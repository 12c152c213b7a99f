"""The way of this process to fal: names, addresses and TLS lead to the fake, or nowhere.

The standard library's own entrances are replaced for the time of a test, so it does not matter
which client is used, whether it was made before the test, or what it is called from: urllib, httpx,
requests, aiohttp, websockets and whatever else opens sockets in Python. Nothing is rewritten: the
client asks ``https://queue.fal.run`` and gets answers that name it. What a recorder says to fal
itself (``recorder/capture/bypass.py``) goes through, past the passages of others as well.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from contextvars import copy_context
from ipaddress import ip_address
from typing import Any
from weakref import WeakSet

from fakefal.protocol.core.hosts import DOMAINS, canonical, is_fals
from fakefal.recorder.capture.bypass import is_outward
from fakefal.testing.redirect.escapes import Escapes
from fakefal.testing.redirect.null_tls import PlainObject, PlainSocket
from fakefal.testing.redirect.patches import Patches, variable

ADDRESS = "127.70.65.76"
"""What the names of fal resolve to; whoever connects there, at any port, reaches the fake."""

_ASKED = ("fal.run", "queue.fal.run", "rest.fal.ai", "v3.fal.media", "falrun.com")
_REMEMBERED = 10_000

_INET = (socket.AF_INET, socket.AF_INET6)


class Passage:
    """Where connections of this process go. ``own`` are the host and ports of the fake."""

    def __init__(self, host: str, port: int, escapes: Escapes) -> None:
        self.fake = (host, port)
        self.others: set[tuple[str, int]] = set()
        self.escapes = escapes
        self._arrived = 0
        self._strangers: set[str] = set()
        self._of_fal: set[str] | None = None
        self._genuine: WeakSet[Any] = WeakSet()
        self._getaddrinfo = socket.getaddrinfo

    def leads_to_fake(self, name: Any) -> bool:
        """Whether a name is a host that the fake serves; raises EscapeRefused for others of fal."""
        host = text_of(name)
        if is_outward():
            return False
        if canonical(host) is not None:
            return True
        if is_fals(host):
            raise self.escapes.refuse(f"{host} is no host that the fake knows")
        return False

    def open(self, patches: Patches) -> None:
        """Replace the entrances of the standard library."""
        self._getaddrinfo = socket.getaddrinfo
        for name, made in (
            ("getaddrinfo", self._names(socket.getaddrinfo)),
            ("gethostbyname", self._name(socket.gethostbyname)),
            ("gethostbyname_ex", self._name_ex(socket.gethostbyname_ex)),
        ):
            patches.attribute(socket, name, made)
        for name in ("connect", "connect_ex"):
            patches.attribute(socket.socket, name, self._connecting(getattr(socket.socket, name)))
        base = asyncio.BaseEventLoop
        patches.attribute(base, "getaddrinfo", self._loop_names(base.getaddrinfo))
        context = ssl.SSLContext
        patches.attribute(context, "wrap_socket", self._wrapping(context.wrap_socket))
        patches.attribute(context, "wrap_bio", self._wrapping_bio(context.wrap_bio))
        patches.attribute(ssl.SSLObject, "write", self._writing(ssl.SSLObject.write))
        for name in ("send", "sendall", "write"):
            patches.attribute(ssl.SSLSocket, name, self._writing(getattr(ssl.SSLSocket, name)))

    def open_uvloop(self, module: Any, patches: Patches) -> None:
        """The entrances of uvloop, which asks the standard library nothing."""
        loop = module.Loop
        patches.attribute(loop, "getaddrinfo", self._loop_names(loop.getaddrinfo))
        patches.attribute(loop, "create_connection", self._loop_connecting(loop.create_connection))
        patches.attribute(loop, "sock_connect", self._loop_sock(loop.sock_connect))

    # Names

    def _names(self, real: Any) -> Any:
        def getaddrinfo(
            host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
        ) -> Any:
            if self.leads_to_fake(host):
                return self._resolved(host, port, family, type)
            found = real(host, port, family, type, proto, flags)
            if not is_outward():
                self._meet(found)
            return found

        return getaddrinfo

    def _loop_names(self, real: Any) -> Any:
        async def getaddrinfo(
            loop: Any,
            host: Any,
            port: Any,
            *,
            family: int = 0,
            type: int = 0,
            proto: int = 0,
            flags: int = 0,
        ) -> Any:
            if self.leads_to_fake(host):  # here the stack is still that of the caller
                return self._resolved(host, port, family, type)
            if is_outward():  # the thread that looks it up must know
                asked = (host, port, family, type, proto, flags)
                run = copy_context().run
                return await loop.run_in_executor(None, run, socket.getaddrinfo, *asked)
            found = await real(loop, host, port, family=family, type=type, proto=proto, flags=flags)
            self._meet(found)
            return found

        return getaddrinfo

    def _resolved(self, host: Any, port: Any, family: int, type: int) -> list[Any]:
        if type == socket.SOCK_DGRAM:
            raise self.escapes.refuse(f"datagrams to {text_of(host)}")
        if family not in (socket.AF_UNSPEC, socket.AF_INET):
            raise socket.gaierror(socket.EAI_NONAME, f"{text_of(host)} has no such address")
        number = _port_of(port)
        kind = socket.SOCK_STREAM
        return [(socket.AF_INET, kind, socket.IPPROTO_TCP, "", (ADDRESS, number))]

    def _name(self, real: Any) -> Any:
        def gethostbyname(host: Any) -> Any:
            if self.leads_to_fake(host):
                return ADDRESS
            found = real(host)
            self.meet(found)
            return found

        return gethostbyname

    def _name_ex(self, real: Any) -> Any:
        def gethostbyname_ex(host: Any) -> Any:
            if self.leads_to_fake(host):
                return text_of(host), [], [ADDRESS]
            found = real(host)
            for address in found[2]:
                self.meet(address)
            return found

        return gethostbyname_ex

    def _meet(self, found: Any) -> None:
        for entry in found:
            if entry[0] in _INET:
                self.meet(entry[4][0])

    # Connections

    def _connecting(self, real: Any) -> Any:
        def connect(sock: socket.socket, address: Any) -> Any:
            return real(sock, self._led(sock, address))

        return connect

    def _led(self, sock: socket.socket, address: Any) -> Any:
        """The address to connect to instead; raises EscapeRefused."""
        if sock.family not in _INET or not isinstance(address, tuple) or not address:
            return address
        if is_outward():
            return address
        host = text_of(address[0])
        if host == ADDRESS or (not _is_address(host) and self.leads_to_fake(host)):
            if (
                sock.type & socket.SOCK_STREAM != socket.SOCK_STREAM
                or sock.family != socket.AF_INET
            ):
                raise self.escapes.refuse(f"a connection to {host} that is not TCP over IPv4")
            self._arrived += address[1] != 80
            return self.fake
        if self.is_fals_address(host):
            raise self.escapes.refuse(f"{host}, port {address[1]}, is an address of fal")
        return address

    def know(self, addresses: Iterable[str]) -> None:
        """Take these for the addresses of fal, instead of looking them up."""
        self._of_fal = set(addresses)

    def meet(self, address: str) -> None:
        """Remember an address that has another name: some of fal's are those of others too."""
        if len(self._strangers) < _REMEMBERED:
            self._strangers.add(address)

    def is_fals_address(self, host: str) -> bool:
        """Whether an address is one of fal's, and was not looked up by the name of another."""
        try:
            if not ip_address(host.partition("%")[0]).is_global or host in self._strangers:
                return False
        except ValueError:
            return False
        if self._of_fal is None:
            self._of_fal = set()
            for name in () if variable("FAKEFAL_ESCAPES") else _ASKED:  # fakefal run watches that
                try:
                    found = self._getaddrinfo(name, 443)
                except OSError:
                    continue
                self._of_fal.update(str(entry[4][0]) for entry in found)
        return host in self._of_fal

    def _loop_connecting(self, real: Any) -> Any:
        async def create_connection(
            loop: Any, factory: Any, host: Any = None, port: Any = None, **more: Any
        ) -> Any:
            host_text = text_of(host)
            if more.get("sock") is None and (
                host_text == ADDRESS or (host_text and self.leads_to_fake(host))
            ):
                self._arrived += port != 80
                if more.get("ssl") and not more.get("server_hostname"):
                    more["server_hostname"] = host_text
                host, port = self.fake
            return await real(loop, factory, host, port, **more)

        return create_connection

    def _loop_sock(self, real: Any) -> Any:
        async def sock_connect(loop: Any, sock: socket.socket, address: Any) -> Any:
            return await real(loop, sock, self._led(sock, address))

        return sock_connect

    # TLS

    def _wrapping(self, real: Any) -> Any:
        def wrap_socket(
            context: ssl.SSLContext,
            sock: socket.socket,
            server_side: bool = False,
            do_handshake_on_connect: bool = True,
            suppress_ragged_eofs: bool = True,
            server_hostname: Any = None,
            session: Any = None,
        ) -> Any:
            def genuine() -> Any:
                return real(
                    context,
                    sock,
                    server_side,
                    do_handshake_on_connect,
                    suppress_ragged_eofs,
                    server_hostname,
                    session,
                )

            if is_outward():
                return self._let(genuine())
            if server_side or not server_hostname or not self.leads_to_fake(server_hostname):
                return genuine()
            peer = _peer_of(sock)
            if peer is None or peer == self.fake:
                self._arrived = max(0, self._arrived - 1)
                return PlainSocket(sock, context, text_of(server_hostname))
            if peer in self.others:
                return self._let(genuine())
            raise self.escapes.refuse(f"TLS as {text_of(server_hostname)} with {peer[0]}:{peer[1]}")

        return wrap_socket

    def _wrapping_bio(self, real: Any) -> Any:
        def wrap_bio(
            context: ssl.SSLContext,
            incoming: ssl.MemoryBIO,
            outgoing: ssl.MemoryBIO,
            server_side: bool = False,
            server_hostname: Any = None,
            session: Any = None,
        ) -> Any:
            if is_outward():
                return self._let(
                    real(context, incoming, outgoing, server_side, server_hostname, session)
                )
            if server_side or not server_hostname or not self.leads_to_fake(server_hostname):
                return real(context, incoming, outgoing, server_side, server_hostname, session)
            name = text_of(server_hostname)
            if self._arrived <= 0:  # whoever it is connected with, it is not the fake
                raise self.escapes.refuse(f"TLS as {name} with another server")
            self._arrived -= 1
            return PlainObject(incoming, outgoing, context, name)

        return wrap_bio

    def _let(self, tls: Any) -> Any:
        """TLS that may be spoken, whatever the name of the other side."""
        self._genuine.add(tls)
        return tls

    def _writing(self, real: Any) -> Any:
        """Connections that were open before lead to the real fal: nothing more goes there."""

        def write(tls: Any, data: Any, *more: Any) -> Any:
            name = tls.server_hostname
            if name and not tls.server_side and tls not in self._genuine and not is_outward():
                bare = text_of(name)
                if canonical(bare) is not None or is_fals(bare):
                    raise self.escapes.refuse(f"TLS as {bare} over a connection from before")
            return real(tls, data, *more)

        return write


def text_of(name: Any) -> str:
    """A host name as text, in lower case and without a trailing dot."""
    if isinstance(name, (bytes, bytearray)):
        name = name.decode("ascii", "replace")
    return name.rstrip(".").lower() if isinstance(name, str) else ""


def no_proxy_for() -> str:
    """What NO_PROXY must name, so that no proxy stands between a client and the fake."""
    return ",".join(("127.0.0.1", "localhost", *DOMAINS))


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _port_of(port: Any) -> int:
    if isinstance(port, (str, bytes)):
        text = text_of(port)
        return int(text) if text.isdigit() else {"http": 80}.get(text, 443)
    return port or 0


def _peer_of(sock: socket.socket) -> tuple[str, int] | None:
    try:
        found = sock.getpeername()
    except OSError:
        return None
    return found[0], found[1]
