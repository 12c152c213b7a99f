from __future__ import annotations

import asyncio

from fakefal.recorder.capture.bypass import bypass_redirect, is_redirect_bypassed


async def test_what_is_begun_in_the_block_is_marked_and_nothing_else() -> None:
    async def ask() -> bool:
        return is_redirect_bypassed()

    with bypass_redirect():
        begun = asyncio.gather(ask())
        assert is_redirect_bypassed()
    assert not is_redirect_bypassed()
    assert list(await begun) == [True]
    assert list(await asyncio.gather(ask())) == [False]
