"""TCP resets, for plain and TLS connections."""

from __future__ import annotations

import asyncio
import socket
import struct

_NO_LINGER = struct.pack("ii", 1, 0)


def reset(transport: asyncio.Transport) -> None:
    """Close a connection with a TCP RST, which SO_LINGER with a timeout of 0 causes.

    For TLS the underlying connection is reset, without a close_notify alert.
    """
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        with socket.fromfd(sock.fileno(), sock.family, sock.type) as duplicate:
            duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
