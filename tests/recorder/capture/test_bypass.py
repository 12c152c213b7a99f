from __future__ import annotations

import asyncio

from fakefal.recorder.capture.bypass import bypass_redirect, is_redirect_bypassed


async def test_only_tasks_started_in_the_block_bypass_the_redirect() -> None:
    async def check() -> bool:
        return is_redirect_bypassed()

    with bypass_redirect():
        started = asyncio.gather(check())
        assert is_redirect_bypassed()
    assert not is_redirect_bypassed()
    assert list(await started) == [True]
    assert list(await asyncio.gather(check())) == [False]
