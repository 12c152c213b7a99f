"""A tunnel to another host: bytes both ways, each way ended on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from fakefal.proxy.resets import reset

_PENDING_BYTES = 65_536


class TunnelEnd(asyncio.Protocol):
    """One end of a tunnel; what comes in here goes out at the other.

    A side that has said all it has (a half-closed connection) may still hear; a side that is reset
    has the other reset. Reading stops while the other cannot take more. ``ended`` is told when this
    end is gone.
    """

    def __init__(self, on_closed: Callable[[], object] | None = None) -> None:
        self.transport: asyncio.Transport | None = None
        self._on_closed = on_closed
        self._peer: TunnelEnd | None = None
        self._has_eof = False
        self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Nothing is read until there is somebody to hear it."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(_PENDING_BYTES)
        if self._peer is None:
            self.transport.pause_reading()

    def connect_to(self, peer: TunnelEnd) -> None:
        """Make a tunnel of two ends; from now on they are read."""
        self._peer, peer._peer = peer, self
        for end in (self, peer):
            if end._is_lost:
                end.connection_lost(None)
            elif end.transport is not None:
                end.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        if self._peer is not None and self._peer.transport is not None:
            self._peer.transport.write(data)

    def pause_writing(self) -> None:
        """This end takes no more for now."""
        if self._peer is not None and self._peer.transport is not None:
            self._peer.transport.pause_reading()

    def resume_writing(self) -> None:
        """This end takes more."""
        if self._peer is not None and self._peer.transport is not None:
            self._peer.transport.resume_reading()

    def eof_received(self) -> bool:
        """This side has said all; the connection stays until the other has, too."""
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
        """Take the other end along."""
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
        """End both ends now."""
        if self.transport is not None:
            self.transport.abort()


async def dial(host: str, port: int, seconds: float) -> TunnelEnd:
    """The far end of a tunnel; raises OSError, in words that say why."""
    try:
        _, end = await asyncio.wait_for(
            asyncio.get_running_loop().create_connection(TunnelEnd, host, port), seconds
        )
    except (TimeoutError, asyncio.TimeoutError):
        raise OSError(f"no connection within {seconds:g} seconds") from None
    except UnicodeError:
        raise OSError("no such name") from None
    return end
