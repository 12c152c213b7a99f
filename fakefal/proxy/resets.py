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
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        with socket.fromfd(sock.fileno(), sock.family, sock.type) as duplicate:
            duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
