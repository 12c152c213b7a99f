"""``wait_until_advanced`` on each kind of clock."""

from __future__ import annotations

import asyncio
import math

import pytest

from fakefal.engine.core.clock import START, Clock, InstantClock, ManualClock, Signal


async def run_tasks() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("clock", [ManualClock(), InstantClock()])
async def test_only_advance_ends_the_wait(clock: Clock) -> None:
    waiting = asyncio.ensure_future(clock.wait_until_advanced(START + 60))
    clock.advance(59)
    await run_tasks()
    assert not waiting.done()
    clock.advance(1)
    await asyncio.wait_for(waiting, 5)
    assert clock.advanced_time() == START + 60


async def test_a_jump_by_another_wait_does_not() -> None:
    clock = InstantClock()
    waiting = asyncio.ensure_future(clock.wait_until_advanced(START + 60))
    await run_tasks()
    await clock.wait_until(START + 1000)
    await run_tasks()
    assert not waiting.done()
    clock.advance(60)
    await asyncio.wait_for(waiting, 5)
    assert clock.now() == START + 1060


@pytest.mark.parametrize("clock", [Clock(), ManualClock(), InstantClock()])
async def test_a_signal_ends_the_wait_too(clock: Clock) -> None:
    signal = Signal()
    waiting = asyncio.ensure_future(clock.wait_until_advanced(math.inf, signal))
    await run_tasks()
    signal.set()
    await asyncio.wait_for(waiting, 5)


async def test_on_the_real_clock_elapsed_time_ends_the_wait() -> None:
    clock = Clock(speed=1000)
    await asyncio.wait_for(clock.wait_until_advanced(clock.now() + 1), 5)
