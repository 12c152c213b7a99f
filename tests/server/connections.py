"""Connections to a server: to its plain port, to its TLS port, or through it as a proxy."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

from fakefal.server.server import FakeFalServer
from tests.server.raw_http import SECONDS

TLS_WAYS = ["tls", "connect"]
"""The ways with TLS. ``tunnel`` is a CONNECT with plain HTTP inside."""


def open_connection(server: FakeFalServer, way: str = "plain", name: str = "fal.run") -> Any:
    """A socket that is ready for HTTP."""
    port = server.tls_port if way == "tls" else server.port
    connection = socket.create_connection((server.host, port), timeout=SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if way in ("connect", "tunnel"):
        connection.sendall(connect(name))
        assert read_head(connection).startswith(b"HTTP/1.1 200 ")
    return connection if way in ("plain", "tunnel") else TlsConnection(server, connection, name)


def connect(name: str, port: int = 443, *headers: bytes) -> bytes:
    """A CONNECT as bytes."""
    target = f"{name}:{port}".encode()
    lines = (b"CONNECT %s HTTP/1.1" % target, b"Host: " + target, *headers, b"", b"")
    return b"\r\n".join(lines)


class TlsConnection:
    """TLS on a socket that distinguishes a reset from a close, which ``SSLSocket`` does not.

    An end that TLS does not announce is an error.
    """

    def __init__(self, server: FakeFalServer, connection: socket.socket, name: str) -> None:
        context = ssl.create_default_context(cafile=server.ca_path)
        context.set_alpn_protocols(["h2", "http/1.1"])
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        try:
            self._until_read(self.tls.do_handshake)
        except OSError:
            connection.close()
            raise

    def sendall(self, data: bytes) -> None:
        """Encrypt and send bytes."""
        self.tls.write(data)
        self._connection.sendall(self._outgoing.read())

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read decrypted bytes; empty after a close_notify."""
        try:
            return bytes(self._until_read(lambda: self.tls.read(size)))
        except ssl.SSLZeroReturnError:
            return b""

    def _until_read(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                if piece := self._connection.recv(65_536):
                    self._incoming.write(piece)
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if data := self._outgoing.read():  # sending b"" would raise early after a reset
            self._connection.sendall(data)

    def __enter__(self) -> TlsConnection:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def read_head(connection: Any) -> bytes:
    """Read the status line and headers, with the blank line."""
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        piece = connection.recv(1)
        assert piece, f"closed after {received!r}"
        received += piece
    return received


def read_rest(connection: Any) -> tuple[bytes, str]:
    """Read to the end; also how it ends: ``closed`` or ``reset``."""
    received = b""
    try:
        while piece := connection.recv(65_536):
            received += piece
    except ConnectionResetError:
        return received, "reset"
    return received, "closed"
