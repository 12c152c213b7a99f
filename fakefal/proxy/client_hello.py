"""The first words of a connection: is it TLS, and which host does its caller name?

The name must be known before the handshake, as a host may be down, and then there is none. Python's
own callback comes in the middle of it, and complains on stderr of names that are not ASCII.
"""

from __future__ import annotations

from typing import NamedTuple

HELLO_BYTES = 65_536
"""The longest beginning that is waited for; real ones have a few thousand bytes."""

_HANDSHAKE = 0x16
_CLIENT_HELLO = 0x01
_SERVER_NAME = 0
_HOST_NAME = 0


class Hello(NamedTuple):
    """How a connection begins. ``name`` is that of SNI, in lower case; empty if there is none."""

    is_tls: bool
    name: str = ""


def read_hello(data: bytes) -> Hello | None:
    """What the bytes so far say; None if more of them must come first. Raises nothing.

    Nonsense has no name; the handshake will refuse it. Source: RFC 8446 sections 4.1.2, 5.1, and
    RFC 6066 section 3.
    """
    if not data:
        return None
    if data[0] != _HANDSHAKE:
        return Hello(False)
    try:
        message = _first_message(data)
        if message is None:
            return None if len(data) < HELLO_BYTES else Hello(True)
        return Hello(True, _name_in(message))
    except ValueError:
        return Hello(True)


def _first_message(data: bytes) -> bytes | None:
    """The body of the ClientHello, put together from its records; None while parts are missing."""
    message, at = b"", 0
    while True:
        if len(message) >= 4:
            if message[0] != _CLIENT_HELLO:
                raise ValueError("another message")
            end = 4 + int.from_bytes(message[1:4], "big")
            if end > HELLO_BYTES:
                raise ValueError("no real ClientHello is so long")
            if len(message) >= end:
                return message[4:end]
        if len(data) < at + 5:
            return None
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        if data[at] != _HANDSHAKE or size == 0:
            raise ValueError("another record")
        if len(data) < at + 5 + size:
            return None
        message += data[at + 5 : at + 5 + size]
        at += 5 + size


class _Fields:
    """Reads fields that are preceded by their length; raises ValueError past the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._data)

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise ValueError("the message ends too early")
        self._at += count
        return taken

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def field(self, width: int) -> _Fields:
        return _Fields(self.take(self.number(width)))

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)


def _name_in(message: bytes) -> str:
    hello = _Fields(message)
    hello.take(2 + 32)  # version and random
    hello.field(1)  # session
    hello.field(2)  # ciphers
    hello.field(1)  # compression
    if hello.is_over:
        return ""
    extensions = hello.field(2)
    while not extensions.is_over:
        kind, content = extensions.number(2), extensions.field(2)
        if kind == _SERVER_NAME:
            names = content.field(2)
            while not names.is_over:
                kind, name = names.number(1), names.field(2)
                if kind == _HOST_NAME:
                    return name.rest().decode("ascii").rstrip(".").lower()
    return ""
