"""The first words of a connection: is it TLS, and which host does its caller name?

The name must be known before the handshake, as a host may be down, and then there is none. Python's
own callback comes in the middle of it, and complains on stderr of names that are not ASCII.
"""

from __future__ import annotations

from typing import NamedTuple

MAX_HELLO_BYTES = 65_536
"""The longest beginning that is waited for; real ones have a few thousand bytes."""

_HANDSHAKE = 0x16
_CLIENT_HELLO = 0x01
_SERVER_NAME = 0
_HOST_NAME = 0


class ClientHello(NamedTuple):
    """How a connection begins. ``name`` is that of SNI, in lower case; empty if there is none."""

    is_tls: bool
    name: str = ""


def read_client_hello(data: bytes) -> ClientHello | None:
    """What the bytes so far say; None if more of them must come first. Raises nothing.

    Nonsense has no name; the handshake will refuse it. Source: RFC 8446 sections 4.1.2, 5.1, and
    RFC 6066 section 3.
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
    """The body of the ClientHello, put together from its records; None while parts are missing."""
    message, offset = b"", 0
    while True:
        if len(message) >= 4:
            if message[0] != _CLIENT_HELLO:
                raise ValueError("another message")
            end = 4 + int.from_bytes(message[1:4], "big")
            if end > MAX_HELLO_BYTES:
                raise ValueError("no real ClientHello is so long")
            if len(message) >= end:
                return message[4:end]
        if len(data) < offset + 5:
            return None
        size = int.from_bytes(data[offset + 3 : offset + 5], "big")
        if data[offset] != _HANDSHAKE or size == 0:
            raise ValueError("another record")
        if len(data) < offset + 5 + size:
            return None
        message += data[offset + 5 : offset + 5 + size]
        offset += 5 + size


class _FieldReader:
    """Reads fields that are preceded by their length; raises ValueError past the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    @property
    def is_over(self) -> bool:
        return self._offset >= len(self._data)

    def read(self, count: int) -> bytes:
        field_bytes = self._data[self._offset : self._offset + count]
        if len(field_bytes) < count:
            raise ValueError("the message ends too early")
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
