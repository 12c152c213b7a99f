"""Connections to a fake: to its plain port, to its TLS port, or through it as a proxy."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

from fakefal.server.server import FakeFal
from tests.server.raw import SECONDS

WAYS = ["tls", "connect"]
"""The ways under TLS. ``tunnel`` is a CONNECT with plain HTTP inside."""


def reach(fake: FakeFal, way: str = "plain", name: str = "fal.run") -> Any:
    """A socket on which HTTP may be spoken."""
    port = fake.tls_port if way == "tls" else fake.port
    line = socket.create_connection((fake.host, port), timeout=SECONDS)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if way in ("connect", "tunnel"):
        line.sendall(connect(name))
        assert head(line).startswith(b"HTTP/1.1 200 ")
    return line if way in ("plain", "tunnel") else SecureLine(fake, line, name)


def connect(name: str, port: int = 443, *headers: bytes) -> bytes:
    """A CONNECT as bytes."""
    target = f"{name}:{port}".encode()
    lines = (b"CONNECT %s HTTP/1.1" % target, b"Host: " + target, *headers, b"", b"")
    return b"\r\n".join(lines)


class SecureLine:
    """TLS on a socket, which tells a reset from an end (the usual one has its own words for them).

    An end that TLS does not announce is an error.
    """

    def __init__(self, fake: FakeFal, line: socket.socket, name: str) -> None:
        context = ssl.create_default_context(cafile=fake.ca_path)
        context.set_alpn_protocols(["h2", "http/1.1"])
        self._line = line
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._came, self._goes, server_hostname=name)
        try:
            self._until_read(self.tls.do_handshake)
        except OSError:
            line.close()
            raise

    def sendall(self, data: bytes) -> None:
        """Write."""
        self.tls.write(data)
        self._line.sendall(self._goes.read())

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read as of a socket."""
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
                if piece := self._line.recv(65_536):
                    self._came.write(piece)
                else:
                    self._came.write_eof()
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if data := self._goes.read():  # to send nothing would tell of a reset before its time
            self._line.sendall(data)

    def __enter__(self) -> SecureLine:
        return self

    def __exit__(self, *error: object) -> None:
        self._line.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)


def head(line: Any) -> bytes:
    """Status line and headers, with the blank line."""
    heard = b""
    while not heard.endswith(b"\r\n\r\n"):
        piece = line.recv(1)
        assert piece, f"closed after {heard!r}"
        heard += piece
    return heard


def rest(line: Any) -> tuple[bytes, str]:
    """All that still comes, and how it ends: ``closed`` or ``reset``."""
    heard = b""
    try:
        while piece := line.recv(65_536):
            heard += piece
    except ConnectionResetError:
        return heard, "reset"
    return heard, "closed"
