"""A tunnel to another host: bytes both ways, each way ended on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from fakefal.proxy.resets import reset

_PENDING_BYTES = 65_536


class Side(asyncio.Protocol):
    """One end of a tunnel; what comes in here goes out at the other.

    A side that has said all it has (a half-closed connection) may still hear; a side that is reset
    has the other reset. Reading stops while the other cannot take more. ``ended`` is told when this
    end is gone.
    """

    def __init__(self, ended: Callable[[], object] | None = None) -> None:
        self.transport: asyncio.Transport | None = None
        self._ended = ended
        self._other: Side | None = None
        self._has_ended = False
        self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Nothing is read until there is somebody to hear it."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(_PENDING_BYTES)
        if self._other is None:
            self.transport.pause_reading()

    def join(self, other: Side) -> None:
        """Make a tunnel of two ends; from now on they are read."""
        self._other, other._other = other, self
        for side in (self, other):
            if side._is_lost:
                side.connection_lost(None)
            elif side.transport is not None:
                side.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        if self._other is not None and self._other.transport is not None:
            self._other.transport.write(data)

    def pause_writing(self) -> None:
        """This end takes no more for now."""
        if self._other is not None and self._other.transport is not None:
            self._other.transport.pause_reading()

    def resume_writing(self) -> None:
        """This end takes more."""
        if self._other is not None and self._other.transport is not None:
            self._other.transport.resume_reading()

    def eof_received(self) -> bool:
        """This side has said all; the connection stays until the other has, too."""
        self._has_ended = True
        other = self._other
        if other is None or other.transport is None or other._has_ended:
            return False
        if not other.transport.can_write_eof():
            other.transport.close()
            return False
        other.transport.write_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """Take the other end along."""
        self._is_lost, self.transport = True, None
        if self._ended is not None:
            self._ended()
        other = self._other
        if other is None or other.transport is None:
            return
        if error is None:
            other.transport.close()
        else:
            reset(other.transport)

    def abort(self) -> None:
        """End both ends now."""
        if self.transport is not None:
            self.transport.abort()


async def dial(host: str, port: int, seconds: float) -> Side:
    """The far end of a tunnel; raises OSError, in words that say why."""
    try:
        _, side = await asyncio.wait_for(
            asyncio.get_running_loop().create_connection(Side, host, port), seconds
        )
    except (TimeoutError, asyncio.TimeoutError):
        raise OSError(f"no connection within {seconds:g} seconds") from None
    except UnicodeError:
        raise OSError("no such name") from None
    return side
