"""A TCP reset, whatever runs on top of the connection."""

from __future__ import annotations

import asyncio
import socket
import struct

_NO_LINGER = struct.pack("ii", 1, 0)


def reset(transport: asyncio.Transport) -> None:
    """End a connection with a TCP reset: a socket closed without lingering.

    Under TLS it is the connection below that is reset, without an alert.
    """
    known = transport.get_extra_info("socket")
    if known is not None and known.fileno() >= 0:
        with socket.fromfd(known.fileno(), known.family, known.type) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
