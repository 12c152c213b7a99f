"""TLS that encrypts nothing: between a client of this process and the fake, on the loopback."""

from __future__ import annotations

import socket
import ssl
from typing import Any


class _NoTls:
    """What objects of TLS are asked about it: there is none."""

    server_side = False
    session = None
    session_reused = False

    def getpeercert(self, binary_form: bool = False) -> Any:
        """No certificate."""
        return None if binary_form else {}

    def selected_alpn_protocol(self) -> str | None:
        """None was agreed on, so it is HTTP/1.1."""
        return None

    def selected_npn_protocol(self) -> str | None:
        """None."""
        return None

    def cipher(self) -> None:
        """None."""

    def shared_ciphers(self) -> None:
        """None."""

    def compression(self) -> None:
        """None."""

    def version(self) -> str | None:
        """None."""
        return None

    def get_channel_binding(self, cb_type: str = "tls-unique") -> None:
        """None."""


class NullTlsObject(_NoTls):
    """What ``SSLContext.wrap_bio`` gives for a connection to the fake: bytes go as they are.

    asyncio, uvloop, anyio and trio speak TLS through such an object.
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
        """There is none."""

    def read(self, length: int = 1024, buffer: Any = None) -> Any:
        """Bytes that came, or how many were put into ``buffer``; nothing at the end.

        Raises SSLWantReadError while there is none.
        """
        data = self._incoming.read(length if buffer is None else min(length, len(buffer)))
        if not data and not self._incoming.eof:
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "nothing has come yet")
        if buffer is None:
            return data
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        """Send bytes."""
        return self._outgoing.write(data)

    def pending(self) -> int:
        """How many bytes have come and were not read."""
        return self._incoming.pending

    def unwrap(self) -> None:
        """The end needs no agreement."""


class NullTlsSocket(_NoTls, socket.socket):
    """What ``SSLContext.wrap_socket`` gives for a connection to the fake."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, server_hostname: str) -> None:
        timeout = sock.gettimeout()
        super().__init__(sock.family, sock.type, sock.proto, fileno=sock.detach())
        self.settimeout(timeout)
        self.context = context
        self.server_hostname = server_hostname

    def read(self, length: int = 1024, buffer: Any = None) -> Any:
        """Bytes that came, or how many were put into ``buffer``."""
        return self.recv(length) if buffer is None else self.recv_into(buffer, length)

    def write(self, data: Any) -> int:
        """Send bytes; gives how many were sent."""
        return self.send(data)

    def do_handshake(self, block: bool = False) -> None:
        """There is none."""

    def unwrap(self) -> socket.socket:
        """The socket, which was never wrapped."""
        return self

    def pending(self) -> int:
        """None are kept back."""
        return 0
