"""A connection before it is known what is spoken on it; TLS, if so, begins in place."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, cast

from fakefal.proxy.client_hello import MAX_HELLO_BYTES, ClientHello, read_client_hello

StartTask = Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"]
"""Starts a task that is kept: ``server/tasks.py``."""


class SniffingProtocol(asyncio.Protocol):
    """Keeps what comes first, until the protocol that it is for takes over.

    ``began`` is told when the connection is there. The other side closing ends it.
    """

    def __init__(
        self,
        buffered: bytes = b"",
        on_connected: Callable[[SniffingProtocol], object] | None = None,
    ) -> None:
        self.buffered = buffered
        self.is_lost = False
        self.transport: asyncio.Transport | None = None
        self._on_connected = on_connected
        self._changed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; a connection that is taken over from another protocol is handed in here."""
        self.transport = cast(asyncio.Transport, transport)
        if self._on_connected is not None:
            self._on_connected(self)

    def data_received(self, data: bytes) -> None:
        """Keep the bytes; of too many, some wait in the system."""
        self.buffered += data
        if len(self.buffered) > MAX_HELLO_BYTES and self.transport is not None:
            self.transport.pause_reading()
        self._changed.set()

    def connection_lost(self, error: Exception | None) -> None:
        """Whoever waits for more waits in vain."""
        self.is_lost = True
        self._changed.set()

    async def read_hello(self) -> ClientHello | None:
        """How it begins, as soon as that is known; None if it ends before."""
        while not self.is_lost:
            hello = read_client_hello(self.buffered)
            if hello is not None:
                return hello
            self._changed.clear()
            await self._changed.wait()
        return None

    def hand_over(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        """Let a protocol go on, with what came so far."""
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        transport.resume_reading()
        if self.buffered:
            protocol.data_received(self.buffered)


async def start_tls(
    sniffer: SniffingProtocol, context: ssl.SSLContext, seconds: float, start_task: StartTask
) -> tuple[asyncio.Transport, SniffingProtocol]:
    """Shake hands on a connection of which the first bytes were read already.

    Gives the transport inside TLS, and what came on it meanwhile. Raises OSError (what ssl raises
    is one) if there is no agreement, or none after so many seconds; the connection is closed then.
    """
    transport, buffered = sniffer.transport, sniffer.buffered
    assert transport is not None
    if sniffer.is_lost or transport.is_closing():
        raise ConnectionError("the connection has ended")
    sniffer.buffered = b""
    inner = SniffingProtocol()
    loop = asyncio.get_running_loop()
    if not transport.get_write_buffer_size() and not transport.get_extra_info("sslcontext"):
        # A reset must not overtake the answer before it: nothing waits where we cannot see it.
        transport.set_write_buffer_limits(0)
    handshake = start_task(
        loop.start_tls(transport, inner, context, server_side=True, ssl_handshake_timeout=seconds),
        "a TLS handshake",
    )

    def feed() -> None:
        """What was read too early comes first.

        start_tls stops the reading, has its protocol made known and the reading go on in the next
        turn of the loop. This comes behind that, but before what can be read then.
        """
        if handshake.done() or transport.is_closing():
            return
        if transport.is_reading():
            _feed(transport.get_protocol(), buffered)
        else:
            loop.call_soon(feed)

    transport.pause_reading()
    loop.call_soon(feed)
    try:
        tls_transport = await handshake
    except TypeError:  # Python 3.10 has no TLS inside TLS
        transport.abort()
        raise ConnectionError("no TLS inside TLS") from None
    if tls_transport is None:
        raise ConnectionError("the connection ended during the handshake")
    inner.connection_made(tls_transport)
    return tls_transport, inner


def _feed(protocol: Any, data: bytes) -> None:
    """Hand bytes to a protocol as its transport would."""
    if not hasattr(protocol, "get_buffer"):
        protocol.data_received(data)
        return
    while data:
        space = protocol.get_buffer(len(data))
        count = min(len(space), len(data))
        space[:count] = data[:count]
        protocol.buffer_updated(count)
        data = data[count:]
