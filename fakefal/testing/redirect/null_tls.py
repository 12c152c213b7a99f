"""TLS objects that do not encrypt, for connections of this process to the fake on loopback."""

from __future__ import annotations

import socket
import ssl
from typing import Any


class _NoTls:
    """The query methods of TLS objects, answered as for a connection without TLS."""

    server_side = False
    session = None
    session_reused = False

    def getpeercert(self, binary_form: bool = False) -> Any:
        """There is no certificate."""
        return None if binary_form else {}

    def selected_alpn_protocol(self) -> str | None:
        """None, so clients speak HTTP/1.1."""
        return None

    def selected_npn_protocol(self) -> str | None:
        """NPN is never negotiated."""
        return None

    def cipher(self) -> None:
        """There is no cipher."""

    def shared_ciphers(self) -> None:
        """There is no cipher."""

    def compression(self) -> None:
        """Nothing is compressed."""

    def version(self) -> str | None:
        """There is no TLS version."""
        return None

    def get_channel_binding(self, cb_type: str = "tls-unique") -> None:
        """None."""


class NullTlsObject(_NoTls):
    """Replaces the result of ``SSLContext.wrap_bio``: passes bytes unchanged.

    asyncio, uvloop, anyio and trio use TLS through such an object.
    """

    def __init__(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        context: ssl.SSLContext,
        server_hostname: str,
    ) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self.context = context
        self.server_hostname = server_hostname

    def do_handshake(self) -> None:
        """No-op."""

    def read(self, length: int = 1024, buffer: Any = None) -> Any:
        """Received bytes, or how many were written to ``buffer``; b"" or 0 at the end.

        Raises SSLWantReadError while nothing has arrived.
        """
        data = self._incoming.read(length if buffer is None else min(length, len(buffer)))
        if not data and not self._incoming.eof:
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "no data yet")
        if buffer is None:
            return data
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        """Queue bytes to send; returns their number."""
        return self._outgoing.write(data)

    def pending(self) -> int:
        """The number of received bytes that were not read."""
        return self._incoming.pending

    def unwrap(self) -> None:
        """No-op: there is no close_notify to exchange."""


class NullTlsSocket(_NoTls, socket.socket):
    """Replaces the result of ``SSLContext.wrap_socket``; takes over the socket's descriptor."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, server_hostname: str) -> None:
        timeout = sock.gettimeout()
        super().__init__(sock.family, sock.type, sock.proto, fileno=sock.detach())
        self.settimeout(timeout)
        self.context = context
        self.server_hostname = server_hostname

    def read(self, length: int = 1024, buffer: Any = None) -> Any:
        """Received bytes, or how many were written to ``buffer``."""
        return self.recv(length) if buffer is None else self.recv_into(buffer, length)

    def write(self, data: Any) -> int:
        """Send bytes; returns how many were sent."""
        return self.send(data)

    def do_handshake(self, block: bool = False) -> None:
        """No-op."""

    def unwrap(self) -> socket.socket:
        """The same socket."""
        return self

    def pending(self) -> int:
        """0: nothing is buffered."""
        return 0
