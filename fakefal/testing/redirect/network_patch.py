"""Patches sockets, DNS lookups and TLS of this process, so that fal's hosts lead to the fake.

The patches are in the standard library, so any Python client is redirected, whenever it was
created: urllib, httpx, requests, aiohttp, websockets. URLs are not changed: a client requests
``https://queue.fal.run`` and gets responses with such URLs. Requests that a recorder makes to the
real fal (``recorder/capture/bypass.py``) are not redirected.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from contextlib import ExitStack
from contextvars import copy_context
from ipaddress import ip_address
from typing import Any, Literal
from weakref import WeakSet

from fakefal.protocol.core.hosts import DOMAINS, canonical_host, is_fal_host
from fakefal.recorder.capture.bypass import is_redirect_bypassed
from fakefal.testing.redirect.environ import read_variable
from fakefal.testing.redirect.escapes import EscapeLog
from fakefal.testing.redirect.null_tls import NullTlsObject, NullTlsSocket
from fakefal.testing.redirect.replacing import replace_attribute

REDIRECT_ADDRESS = "127.70.65.76"
"""What fal's host names resolve to: connections to any port of it go to the fake."""

GLOBAL_ADDRESS = "192.88.99.76"
"""The same, for code that accepts public addresses only. It is public by every rule, and no host
has it: the block was for relays that no longer exist (RFC 7526)."""

Addresses = Literal["loopback", "global"]
_REDIRECT_ADDRESSES = {"loopback": REDIRECT_ADDRESS, "global": GLOBAL_ADDRESS}

_PROBED_HOSTS = ("fal.run", "queue.fal.run", "rest.fal.ai", "v3.fal.media", "falrun.com")
_MAX_REMEMBERED = 10_000

_INET = (socket.AF_INET, socket.AF_INET6)


class SocketRedirector:
    """Redirects connections of this process to the fake at ``host`` and ``port``.

    TLS as a host of fal is allowed with ``allowed_peers``, besides the fake itself.
    """

    open_count = 0
    """How many fakes redirect this process now."""

    def __init__(
        self, host: str, port: int, escape_log: EscapeLog, addresses: Addresses = "loopback"
    ) -> None:
        self.redirect_address = _REDIRECT_ADDRESSES[addresses]
        self.fake_address = (host, port)
        self.allowed_peers: set[tuple[str, int]] = set()
        self.escape_log = escape_log
        self._pending_tls = 0
        self._foreign_addresses: set[str] = set()
        self._fal_addresses: set[str] | None = None
        self._allowed_tls: WeakSet[Any] = WeakSet()
        self._getaddrinfo = socket.getaddrinfo

    def leads_to_fake(self, name: Any) -> bool:
        """Whether the fake serves a host; raises EscapeBlocked for other hosts of fal."""
        host = normalize_host(name)
        if is_redirect_bypassed():
            return False
        if canonical_host(host) is not None:
            return True
        if is_fal_host(host):
            raise self.escape_log.block(f"{host} is a host that the fake does not serve")
        return False

    def open(self, patches: ExitStack) -> None:
        """Patch the standard library until the stack is closed."""
        SocketRedirector.open_count += 1
        patches.callback(self._count_closed)
        self._patch(patches)

    def _patch(self, patches: ExitStack) -> None:
        self._getaddrinfo = socket.getaddrinfo
        for target, name, make_patched in (
            (socket, "getaddrinfo", self._patched_getaddrinfo),
            (socket, "gethostbyname", self._patched_gethostbyname),
            (socket, "gethostbyname_ex", self._patched_gethostbyname_ex),
            (socket.socket, "connect", self._patched_connect),
            (socket.socket, "connect_ex", self._patched_connect),
            (asyncio.BaseEventLoop, "getaddrinfo", self._patched_loop_getaddrinfo),
            (ssl.SSLContext, "wrap_socket", self._patched_wrap_socket),
            (ssl.SSLContext, "wrap_bio", self._patched_wrap_bio),
            (ssl.SSLObject, "write", self._patched_write),
            (ssl.SSLSocket, "send", self._patched_write),
            (ssl.SSLSocket, "sendall", self._patched_write),
            (ssl.SSLSocket, "write", self._patched_write),
        ):
            replace_attribute(patches, target, name, make_patched(getattr(target, name)))

    @staticmethod
    def _count_closed() -> None:
        SocketRedirector.open_count -= 1

    def open_uvloop(self, module: Any, patches: ExitStack) -> None:
        """Patch uvloop, which does lookups and connections in C, past the standard library."""
        loop = module.Loop
        for name, make_patched in (
            ("getaddrinfo", self._patched_loop_getaddrinfo),
            ("create_connection", self._patched_create_connection),
            ("sock_connect", self._patched_sock_connect),
        ):
            replace_attribute(patches, loop, name, make_patched(getattr(loop, name)))

    def _patched_getaddrinfo(self, real: Any) -> Any:
        def getaddrinfo(
            host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
        ) -> Any:
            if self.leads_to_fake(host):
                return self._fake_addrinfo(host, port, family, type)
            addresses = real(host, port, family, type, proto, flags)
            if not is_redirect_bypassed():
                self._remember_addresses(addresses)
            return addresses

        return getaddrinfo

    def _patched_loop_getaddrinfo(self, real: Any) -> Any:
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
            # Checked here, not in the executor's thread, for the caller's stack in the report.
            if self.leads_to_fake(host):
                return self._fake_addrinfo(host, port, family, type)
            if is_redirect_bypassed():
                # run_in_executor does not copy the context, which holds the bypass.
                arguments = (host, port, family, type, proto, flags)
                run = copy_context().run
                return await loop.run_in_executor(None, run, socket.getaddrinfo, *arguments)
            addresses = await real(
                loop, host, port, family=family, type=type, proto=proto, flags=flags
            )
            self._remember_addresses(addresses)
            return addresses

        return getaddrinfo

    def _fake_addrinfo(self, host: Any, port: Any, family: int, type: int) -> list[Any]:
        if type == socket.SOCK_DGRAM:
            raise self.escape_log.block(f"datagrams to {normalize_host(host)}")
        if family not in (socket.AF_UNSPEC, socket.AF_INET):
            raise socket.gaierror(socket.EAI_NONAME, f"{normalize_host(host)} has only IPv4 here")
        number = _port_of(port)
        kind = socket.SOCK_STREAM
        return [(socket.AF_INET, kind, socket.IPPROTO_TCP, "", (self.redirect_address, number))]

    def _patched_gethostbyname(self, real: Any) -> Any:
        def gethostbyname(host: Any) -> Any:
            if self.leads_to_fake(host):
                return self.redirect_address
            address = real(host)
            self.remember_foreign_address(address)
            return address

        return gethostbyname

    def _patched_gethostbyname_ex(self, real: Any) -> Any:
        def gethostbyname_ex(host: Any) -> Any:
            if self.leads_to_fake(host):
                return normalize_host(host), [], [self.redirect_address]
            host_info = real(host)
            for address in host_info[2]:
                self.remember_foreign_address(address)
            return host_info

        return gethostbyname_ex

    def _remember_addresses(self, addresses: Any) -> None:
        for entry in addresses:
            if entry[0] in _INET:
                self.remember_foreign_address(entry[4][0])

    def _patched_connect(self, real: Any) -> Any:
        def connect(sock: socket.socket, address: Any) -> Any:
            return real(sock, self._redirect_address(sock, address))

        return connect

    def _redirect_address(self, sock: socket.socket, address: Any) -> Any:
        """The address to connect to instead; raises EscapeBlocked."""
        if sock.family not in _INET or not isinstance(address, tuple) or not address:
            return address
        if is_redirect_bypassed():
            return address
        host = normalize_host(address[0])
        if host == self.redirect_address or (not _is_address(host) and self.leads_to_fake(host)):
            if (
                sock.type & socket.SOCK_STREAM != socket.SOCK_STREAM
                or sock.family != socket.AF_INET
            ):
                raise self.escape_log.block(f"a connection to {host} that is not TCP over IPv4")
            self._pending_tls += address[1] != 80
            return self.fake_address
        if self.is_fals_address(host):
            raise self.escape_log.block(f"{host}, port {address[1]}, is an address of fal")
        return address

    def set_fal_addresses(self, addresses: Iterable[str]) -> None:
        """Set the IP addresses of fal, instead of looking them up on first use."""
        self._fal_addresses = set(addresses)

    def remember_foreign_address(self, address: str) -> None:
        """Exclude an address from fal's: CDN addresses serve hosts of others too."""
        if len(self._foreign_addresses) < _MAX_REMEMBERED:
            self._foreign_addresses.add(address)

    def is_fals_address(self, host: str) -> bool:
        """Whether an IP address is one of fal's, and was not returned for another host."""
        try:
            if not ip_address(host.partition("%")[0]).is_global or host in self._foreign_addresses:
                return False
        except ValueError:
            return False
        if self._fal_addresses is None:
            self._fal_addresses = set()
            # Under fakefal run these lookups would be reported as escapes.
            for name in () if read_variable("FAKEFAL_ESCAPES") else _PROBED_HOSTS:
                try:
                    addresses = self._getaddrinfo(name, 443)
                except OSError:
                    continue
                self._fal_addresses.update(str(entry[4][0]) for entry in addresses)
        return host in self._fal_addresses

    def _patched_create_connection(self, real: Any) -> Any:
        async def create_connection(
            loop: Any, factory: Any, host: Any = None, port: Any = None, **kwargs: Any
        ) -> Any:
            host_text = normalize_host(host)
            if kwargs.get("sock") is None and (
                host_text == self.redirect_address or (host_text and self.leads_to_fake(host))
            ):
                self._pending_tls += port != 80
                if kwargs.get("ssl") and not kwargs.get("server_hostname"):
                    kwargs["server_hostname"] = host_text
                host, port = self.fake_address
            return await real(loop, factory, host, port, **kwargs)

        return create_connection

    def _patched_sock_connect(self, real: Any) -> Any:
        async def sock_connect(loop: Any, sock: socket.socket, address: Any) -> Any:
            return await real(loop, sock, self._redirect_address(sock, address))

        return sock_connect

    def _patched_wrap_socket(self, real: Any) -> Any:
        def wrap_socket(
            context: ssl.SSLContext,
            sock: socket.socket,
            server_side: bool = False,
            do_handshake_on_connect: bool = True,
            suppress_ragged_eofs: bool = True,
            server_hostname: Any = None,
            session: Any = None,
        ) -> Any:
            def wrap_real() -> Any:
                return real(
                    context,
                    sock,
                    server_side,
                    do_handshake_on_connect,
                    suppress_ragged_eofs,
                    server_hostname,
                    session,
                )

            if is_redirect_bypassed():
                return self._allow_tls(wrap_real())
            if server_side or not server_hostname or not self.leads_to_fake(server_hostname):
                return wrap_real()
            peer = _peer_of(sock)
            if peer is None or peer == self.fake_address:
                self._pending_tls = max(0, self._pending_tls - 1)
                return NullTlsSocket(sock, context, normalize_host(server_hostname))
            if peer in self.allowed_peers:
                return self._allow_tls(wrap_real())
            raise self.escape_log.block(
                f"TLS as {normalize_host(server_hostname)} with {peer[0]}:{peer[1]}"
            )

        return wrap_socket

    def _patched_wrap_bio(self, real: Any) -> Any:
        def wrap_bio(
            context: ssl.SSLContext,
            incoming: ssl.MemoryBIO,
            outgoing: ssl.MemoryBIO,
            server_side: bool = False,
            server_hostname: Any = None,
            session: Any = None,
        ) -> Any:
            if is_redirect_bypassed():
                return self._allow_tls(
                    real(context, incoming, outgoing, server_side, server_hostname, session)
                )
            if server_side or not server_hostname or not self.leads_to_fake(server_hostname):
                return real(context, incoming, outgoing, server_side, server_hostname, session)
            name = normalize_host(server_hostname)
            # A BIO does not know its peer, so connections to the fake are counted: without one
            # that awaits TLS, the peer is another server.
            if self._pending_tls <= 0:
                raise self.escape_log.block(f"TLS as {name} with another server")
            self._pending_tls -= 1
            return NullTlsObject(incoming, outgoing, context, name)

        return wrap_bio

    def _allow_tls(self, tls: Any) -> Any:
        """Exclude a TLS object from the check in ``_patched_write``."""
        self._allowed_tls.add(tls)
        return tls

    def _patched_write(self, real: Any) -> Any:
        """Block writes to fal over TLS connections that were opened before the redirection."""

        def write(tls: Any, data: Any, *args: Any) -> Any:
            name = tls.server_hostname
            if (
                name
                and not tls.server_side
                and tls not in self._allowed_tls
                and not is_redirect_bypassed()
            ):
                host = normalize_host(name)
                if canonical_host(host) is not None or is_fal_host(host):
                    raise self.escape_log.block(f"TLS as {host} over an earlier connection")
            return real(tls, data, *args)

        return write


class EndedFake(SocketRedirector):
    """Refuses what would lead to fal, or to a fake whose patches this process has inherited."""

    def leads_to_fake(self, name: Any) -> bool:
        """False; raises EscapeBlocked for hosts of fal."""
        host = normalize_host(name)
        if canonical_host(host) is not None or is_fal_host(host):
            raise self.escape_log.block(f"{host}, from a process whose fake has ended")
        return False


def normalize_host(name: Any) -> str:
    """A host name as text, in lower case and without a trailing dot."""
    if isinstance(name, (bytes, bytearray)):
        name = name.decode("ascii", "replace")
    return name.rstrip(".").lower() if isinstance(name, str) else ""


def no_proxy_hosts() -> str:
    """The NO_PROXY entries that make clients connect to the fake without a proxy."""
    return ",".join(("127.0.0.1", "localhost", *DOMAINS))


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _port_of(port: Any) -> int:
    if isinstance(port, (str, bytes)):
        text = normalize_host(port)
        return int(text) if text.isdigit() else {"http": 80}.get(text, 443)
    return port or 0


def _peer_of(sock: socket.socket) -> tuple[str, int] | None:
    try:
        peer = sock.getpeername()
    except OSError:
        return None
    return peer[0], peer[1]
