"""Parses the TLS ClientHello, for its server name (SNI).

The name is needed before the handshake, because a host that is down must not complete one.
``SSLContext.sni_callback`` runs during the handshake, and prints tracebacks for non-ASCII names.
"""

from __future__ import annotations

from typing import NamedTuple

MAX_HELLO_BYTES = 65_536
"""A longer ClientHello is invalid; real ones have a few thousand bytes."""

_HANDSHAKE = 0x16
_CLIENT_HELLO = 0x01
_SERVER_NAME = 0
_HOST_NAME = 0


class ClientHello(NamedTuple):
    """The start of a connection: ``name`` is its SNI in lower case, or empty."""

    is_tls: bool
    name: str = ""


def read_client_hello(data: bytes) -> ClientHello | None:
    """Parse the first bytes; None while they are incomplete. Never raises.

    A malformed ClientHello has no name, and the handshake will reject it (RFC 8446 sections 4.1.2
    and 5.1, RFC 6066 section 3).
    """
    if not data:
        return None
    if data[0] != _HANDSHAKE:
        return ClientHello(False)
    try:
        message = _read_message(data)
        if message is None:
            return None if len(data) < MAX_HELLO_BYTES else ClientHello(True)
        return ClientHello(True, _read_server_name(message))
    except ValueError:
        return ClientHello(True)


def _read_message(data: bytes) -> bytes | None:
    """The body of the ClientHello, joined from its records; None while it is incomplete."""
    message, offset = b"", 0
    while True:
        if len(message) >= 4:
            if message[0] != _CLIENT_HELLO:
                raise ValueError("not a ClientHello")
            end = 4 + int.from_bytes(message[1:4], "big")
            if end > MAX_HELLO_BYTES:
                raise ValueError("the ClientHello is too long")
            if len(message) >= end:
                return message[4:end]
        if len(data) < offset + 5:
            return None
        size = int.from_bytes(data[offset + 3 : offset + 5], "big")
        if data[offset] != _HANDSHAKE or size == 0:
            raise ValueError("not a handshake record")
        if len(data) < offset + 5 + size:
            return None
        message += data[offset + 5 : offset + 5 + size]
        offset += 5 + size


class _FieldReader:
    """Reads numbers and length-prefixed fields; raises ValueError past the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    @property
    def is_over(self) -> bool:
        return self._offset >= len(self._data)

    def read(self, count: int) -> bytes:
        field_bytes = self._data[self._offset : self._offset + count]
        if len(field_bytes) < count:
            raise ValueError("the message is truncated")
        self._offset += count
        return field_bytes

    def read_number(self, width: int) -> int:
        return int.from_bytes(self.read(width), "big")

    def read_field(self, width: int) -> _FieldReader:
        return _FieldReader(self.read(self.read_number(width)))

    def read_rest(self) -> bytes:
        return self.read(len(self._data) - self._offset)


def _read_server_name(message: bytes) -> str:
    reader = _FieldReader(message)
    reader.read(2 + 32)  # version and random
    reader.read_field(1)  # session
    reader.read_field(2)  # ciphers
    reader.read_field(1)  # compression
    if reader.is_over:
        return ""
    extensions = reader.read_field(2)
    while not extensions.is_over:
        type_, content = extensions.read_number(2), extensions.read_field(2)
        if type_ == _SERVER_NAME:
            names = content.read_field(2)
            while not names.is_over:
                type_, name = names.read_number(1), names.read_field(2)
                if type_ == _HOST_NAME:
                    return name.read_rest().decode("ascii").rstrip(".").lower()
    return ""
