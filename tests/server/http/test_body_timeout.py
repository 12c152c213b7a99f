from __future__ import annotations

import asyncio
from typing import cast

from aiohttp import web

from fakefal.server.http.body_timeout import BodyIdleTimeout
from fakefal.settings import Limits
from tests.callers import running_caller, within_limit
from tests.server.raw_http import SCENARIO, http


async def test_a_stalled_body_closes_the_connection() -> None:
    async with running_caller(SCENARIO, limits=Limits(idle_timeout_seconds=0.2)) as caller:
        reader, writer = await asyncio.open_connection(caller.server.host, caller.server.port)
        writer.write(http(b"Content-Length: 50"))
        assert await within_limit(reader.read()) == b""
        writer.close()
        await writer.wait_closed()
        assert (await caller.run()).status == 200


class SlowRequest:
    """A request whose body grows between the first three checks only."""

    def __init__(self) -> None:
        self.looks = 0
        self.closed = asyncio.Event()
        self.content = self.protocol = self

    @property
    def total_bytes(self) -> int:
        self.looks += 1
        return min(self.looks, 7)

    def force_close(self) -> None:
        self.closed.set()


async def test_a_body_that_keeps_arriving_does_not_time_out() -> None:
    slow = SlowRequest()
    with BodyIdleTimeout(cast(web.BaseRequest, slow), 0.001):
        await within_limit(slow.closed.wait())
    assert slow.looks > 7


async def test_a_complete_body_does_not_time_out() -> None:
    slow = SlowRequest()
    with BodyIdleTimeout(cast(web.BaseRequest, slow), 0.0):
        pass
    for _ in range(10):
        await asyncio.sleep(0)
    assert not slow.closed.is_set()
