"""Detects TLS on a new connection, and upgrades the connection in place."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, cast

from fakefal.proxy.client_hello import MAX_HELLO_BYTES, ClientHello, read_client_hello

StartTask = Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"]
"""Starts a named task and holds a reference to it: ``Tasks.start``."""


class SniffingProtocol(asyncio.Protocol):
    """Buffers the first bytes of a connection until its protocol is known and takes over.

    ``on_connected`` is called with this object when the connection is established.
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
        """Store the transport; also called for a connection that another protocol hands over."""
        self.transport = cast(asyncio.Transport, transport)
        if self._on_connected is not None:
            self._on_connected(self)

    def data_received(self, data: bytes) -> None:
        """Buffer bytes; reading pauses above the size of a ClientHello."""
        self.buffered += data
        if len(self.buffered) > MAX_HELLO_BYTES and self.transport is not None:
            self.transport.pause_reading()
        self._changed.set()

    def connection_lost(self, error: Exception | None) -> None:
        """Wake ``read_hello``, as nothing more will arrive."""
        self.is_lost = True
        self._changed.set()

    async def read_hello(self) -> ClientHello | None:
        """Wait for the ClientHello, or for bytes that are not TLS; None if the connection ends."""
        while not self.is_lost:
            hello = read_client_hello(self.buffered)
            if hello is not None:
                return hello
            self._changed.clear()
            await self._changed.wait()
        return None

    def hand_over(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        """Switch the transport to a protocol, and feed it the buffered bytes."""
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        transport.resume_reading()
        if self.buffered:
            protocol.data_received(self.buffered)


async def start_tls(
    sniffer: SniffingProtocol, context: ssl.SSLContext, seconds: float, start_task: StartTask
) -> tuple[asyncio.Transport, SniffingProtocol]:
    """Do the TLS handshake on a connection whose first bytes have already been read.

    Returns the TLS transport, and a sniffer for the bytes inside. If the handshake fails or takes
    longer than ``seconds`` it closes the connection and raises OSError (SSLError is one).
    """
    transport, buffered = sniffer.transport, sniffer.buffered
    assert transport is not None
    if sniffer.is_lost or transport.is_closing():
        raise ConnectionError("the connection has ended")
    sniffer.buffered = b""
    inner = SniffingProtocol()
    loop = asyncio.get_running_loop()
    if not transport.get_write_buffer_size() and not transport.get_extra_info("sslcontext"):
        # A reset discards unsent bytes, so none may wait in this buffer, which drain() of the TLS
        # transport does not see.
        transport.set_write_buffer_limits(0)
    handshake = start_task(
        loop.start_tls(transport, inner, context, server_side=True, ssl_handshake_timeout=seconds),
        "a TLS handshake",
    )

    def feed() -> None:
        """Pass the bytes that were already read to the TLS protocol, before any new ones.

        ``loop.start_tls`` pauses reading, and schedules ``connection_made`` and ``resume_reading``
        for the next turns of the loop. This runs after them, but before the next read.
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
    except TypeError:  # asyncio has no TLS in TLS before Python 3.11
        transport.abort()
        raise ConnectionError("TLS in TLS is not supported before Python 3.11") from None
    if tls_transport is None:
        raise ConnectionError("the connection ended during the handshake")
    inner.connection_made(tls_transport)
    return tls_transport, inner


def _feed(protocol: Any, data: bytes) -> None:
    """Pass bytes to a Protocol or BufferedProtocol as its transport would."""
    if not hasattr(protocol, "get_buffer"):
        protocol.data_received(data)
        return
    while data:
        space = protocol.get_buffer(len(data))
        count = min(len(space), len(data))
        space[:count] = data[:count]
        protocol.buffer_updated(count)
        data = data[count:]
