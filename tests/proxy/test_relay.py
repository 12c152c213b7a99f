"""The ends of a tunnel. Whole tunnels are in tests/server/test_proxy_others.py."""

from __future__ import annotations

import asyncio
import socket

import pytest

from fakefal.proxy.relay import TunnelEnd, dial
from tests.callers import wait_until, within_limit


async def tunnel_end() -> tuple[TunnelEnd, socket.socket]:
    """One end of a tunnel, and the streams of its client."""
    near, far = socket.socketpair()
    far.setblocking(False)
    _, made = await asyncio.get_running_loop().create_connection(TunnelEnd, sock=near)
    return made, far


async def read_byte(far: socket.socket) -> bytes:
    return await within_limit(asyncio.get_running_loop().sock_recv(far, 100))


async def test_reading_waits_for_a_peer() -> None:
    (one, far), (two, other) = await tunnel_end(), await tunnel_end()
    far.send(b"early")
    assert one.transport is not None
    assert not one.transport.is_reading()
    one.connect_to(two)
    assert await read_byte(other) == b"early"
    other.send(b"late")
    assert await read_byte(far) == b"late"
    far.close()
    assert await read_byte(other) == b""
    other.close()
    await wait_until(lambda: one.transport is None and two.transport is None)


async def test_an_end_that_is_closed_already_closes_its_peer() -> None:
    (one, far), (two, other) = await tunnel_end(), await tunnel_end()
    two.abort()
    await wait_until(lambda: two.transport is None)
    one.connect_to(two)
    assert await read_byte(far) == b""
    far.close()
    other.close()
    await wait_until(lambda: one.transport is None)


async def test_the_close_of_an_end_is_reported() -> None:
    ended: list[bool] = []
    one = TunnelEnd(lambda: ended.append(True))
    one.connection_lost(None)
    one.abort()
    assert ended == [True]


@pytest.mark.parametrize("name", ["no-such-host.invalid", "x" * 64 + ".test", "a..b"])
async def test_an_invalid_host_name_is_an_os_error(name: str) -> None:
    with pytest.raises(OSError, match=r"."):
        await dial(name, 443, 5)


async def test_dialling_a_silent_host_times_out() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        callers = [socket.socket() for _ in range(4)]
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
        with pytest.raises(OSError, match=r"no connection within 0\.1 seconds"):
            await dial("127.0.0.1", port, 0.1)
        for caller in callers:
            caller.close()
