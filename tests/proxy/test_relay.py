"""The ends of a tunnel. What goes through one is in tests/server/test_proxy_others.py."""

from __future__ import annotations

import asyncio
import socket

import pytest

from fakefal.proxy.relay import TunnelEnd, dial
from tests.callers import wait_until, within_limit


async def side() -> tuple[TunnelEnd, socket.socket]:
    """A side of a tunnel, and who is there."""
    near, far = socket.socketpair()
    far.setblocking(False)
    _, made = await asyncio.get_running_loop().create_connection(TunnelEnd, sock=near)
    return made, far


async def hear(far: socket.socket) -> bytes:
    return await within_limit(asyncio.get_running_loop().sock_recv(far, 100))


async def test_nothing_is_read_before_there_is_somebody_to_hear_it() -> None:
    (one, far), (two, other) = await side(), await side()
    far.send(b"early")
    assert one.transport is not None
    assert not one.transport.is_reading()
    one.connect_to(two)
    assert await hear(other) == b"early"
    other.send(b"late")
    assert await hear(far) == b"late"
    far.close()
    assert await hear(other) == b""
    other.close()
    await wait_until(lambda: one.transport is None and two.transport is None)


async def test_a_side_that_has_gone_already_takes_the_other_along() -> None:
    (one, far), (two, other) = await side(), await side()
    two.abort()
    await wait_until(lambda: two.transport is None)
    one.connect_to(two)
    assert await hear(far) == b""
    far.close()
    other.close()
    await wait_until(lambda: one.transport is None)


async def test_the_end_of_a_side_is_told() -> None:
    ended: list[bool] = []
    one = TunnelEnd(lambda: ended.append(True))
    one.connection_lost(None)
    one.abort()
    assert ended == [True]


@pytest.mark.parametrize("name", ["no-such-host.invalid", "x" * 64 + ".test", "a..b"])
async def test_a_name_that_leads_nowhere_is_an_os_error(name: str) -> None:
    with pytest.raises(OSError, match=r"."):
        await dial(name, 443, 5)


async def test_a_host_that_is_silent_is_not_waited_for_for_ever() -> None:
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
