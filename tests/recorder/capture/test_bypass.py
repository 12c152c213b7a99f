from __future__ import annotations

import asyncio

from fakefal.recorder.capture.bypass import is_outward, outward


async def test_what_is_begun_in_the_block_is_marked_and_nothing_else() -> None:
    async def ask() -> bool:
        return is_outward()

    with outward():
        begun = asyncio.gather(ask())
        assert is_outward()
    assert not is_outward()
    assert list(await begun) == [True]
    assert list(await asyncio.gather(ask())) == [False]
