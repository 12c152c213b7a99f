"""Tunnels to other hosts: bytes in both directions, which close independently."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from fakefal.proxy.resets import reset

_PENDING_BYTES = 65_536


class TunnelEnd(asyncio.Protocol):
    """One end of a tunnel: bytes that arrive here are written to the peer.

    Half-closed connections stay readable, a reset is passed on, and reading pauses while the
    peer's buffer is full. ``on_closed`` is called when this end is closed.
    """

    def __init__(self, on_closed: Callable[[], object] | None = None) -> None:
        self.transport: asyncio.Transport | None = None
        self._on_closed = on_closed
        self._peer: TunnelEnd | None = None
        self._has_eof = False
        self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Pause reading until a peer is connected."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(_PENDING_BYTES)
        if self._peer is None:
            self.transport.pause_reading()

    def connect_to(self, peer: TunnelEnd) -> None:
        """Connect two ends, and start reading from both."""
        self._peer, peer._peer = peer, self
        for end in (self, peer):
            if end._is_lost:
                end.connection_lost(None)
            elif end.transport is not None:
                end.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Write the bytes to the peer."""
        if self._peer is not None and self._peer.transport is not None:
            self._peer.transport.write(data)

    def pause_writing(self) -> None:
        """This end's buffer is full: pause reading from the peer."""
        if self._peer is not None and self._peer.transport is not None:
            self._peer.transport.pause_reading()

    def resume_writing(self) -> None:
        """This end's buffer has room: resume reading from the peer."""
        if self._peer is not None and self._peer.transport is not None:
            self._peer.transport.resume_reading()

    def eof_received(self) -> bool:
        """Pass on the EOF; the connection stays open until the peer sends its own."""
        self._has_eof = True
        peer = self._peer
        if peer is None or peer.transport is None or peer._has_eof:
            return False
        if not peer.transport.can_write_eof():
            peer.transport.close()
            return False
        peer.transport.write_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """Close the peer, or reset it if this end was reset."""
        self._is_lost, self.transport = True, None
        if self._on_closed is not None:
            self._on_closed()
        peer = self._peer
        if peer is None or peer.transport is None:
            return
        if error is None:
            peer.transport.close()
        else:
            reset(peer.transport)

    def abort(self) -> None:
        """Abort this end; its ``connection_lost`` closes the peer."""
        if self.transport is not None:
            self.transport.abort()


async def dial(host: str, port: int, seconds: float) -> TunnelEnd:
    """Connect to a host, and return the far end of a tunnel; raises OSError with the reason."""
    try:
        _, end = await asyncio.wait_for(
            asyncio.get_running_loop().create_connection(TunnelEnd, host, port), seconds
        )
    except (TimeoutError, asyncio.TimeoutError):
        raise OSError(f"no connection within {seconds:g} seconds") from None
    except UnicodeError:
        raise OSError("invalid host name") from None
    return end
