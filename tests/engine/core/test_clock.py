from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.engine.core.clock import START, Clock, InstantClock, ManualClock, Signal, make_clock
from fakefal.errors import SettingError

seconds = st.floats(min_value=0, max_value=1e9)


async def run_tasks() -> None:
    """Let all tasks run until they wait."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("name", "speed", "kind", "class_"),
    [
        ("real", 1.0, "real", Clock),
        ("real", 2.0, "scaled", Clock),
        ("scaled", 0.5, "scaled", Clock),
        ("real", 0, "instant", InstantClock),
        ("instant", 1.0, "instant", InstantClock),
        ("manual", 1.0, "manual", ManualClock),
    ],
)
def test_a_clock_has_a_name_and_a_speed(
    name: str, speed: float, kind: str, class_: type[Clock]
) -> None:
    clock = make_clock(name, speed)
    assert (clock.kind, type(clock)) == (kind, class_)


@pytest.mark.parametrize(
    ("name", "speed", "message"),
    [
        ("sundial", 1.0, 'unknown clock "sundial" — one of real, instant, manual'),
        ("real", -1.0, "invalid speed -1.0"),
        ("real", math.inf, "invalid speed inf"),
        ("real", math.nan, "invalid speed nan"),
    ],
)
def test_an_invalid_clock_is_rejected(name: str, speed: float, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        make_clock(name, speed)


@pytest.mark.parametrize("clock", [Clock(), ManualClock(), InstantClock()])
def test_no_clock_advances_by_a_negative_or_infinite_time(clock: Clock) -> None:
    before = clock.now()
    for seconds in (-1.0, -1e-9, math.inf, math.nan):
        with pytest.raises(SettingError, match="time goes forward only"):
            clock.advance(seconds)
        assert before <= clock.now() < before + 60


@pytest.mark.parametrize("clock", [ManualClock(), InstantClock()])
def test_other_clocks_start_in_2026_and_do_not_run(clock: Clock) -> None:
    assert clock.now() == START == clock.now()


@given(st.lists(seconds))
def test_a_manual_clock_never_goes_back(jumps: list[float]) -> None:
    clock = ManualClock()
    seen = [clock.now()]
    for jump in jumps:
        clock.advance(jump)
        seen.append(clock.now())
    assert seen == sorted(seen)


@given(step=st.integers(1, 2000), times=st.integers(1, 40))
def test_many_small_advances_equal_one_long_one(step: int, times: int) -> None:
    clock, other = ManualClock(), ManualClock()
    for _ in range(times):
        clock.advance(step / 1000)
    other.advance(step * times / 1000)
    assert clock.now() == other.now()
    assert clock.now() == clock.later(START, step * times / 1000)


@given(instant=st.floats(0, 1e10), wait=seconds)
def test_later_is_never_before(instant: float, wait: float) -> None:
    clock = ManualClock()
    assert clock.later(instant, wait) >= instant
    assert clock.later(instant, 0) == instant
    assert clock.later(instant, math.inf) == math.inf


@given(st.floats(START, 1e12))
def test_an_instant_clock_jumps_to_the_exact_instant(instant: float) -> None:
    clock = InstantClock()
    assert clock.jump_to(instant) == instant == clock.now()


@pytest.mark.parametrize("instant", [START - 1, 0.0, -math.inf, math.inf])
def test_an_instant_clock_does_not_jump_to_the_past_or_to_infinity(
    instant: float,
) -> None:
    clock = InstantClock()
    assert clock.jump_to(instant) == START == clock.now()


def test_a_manual_clock_does_not_jump() -> None:
    clock = ManualClock()
    assert clock.jump_to(START + 5) == START == clock.now()


async def test_a_manual_clock_wakes_waiters_in_the_order_of_their_instants() -> None:
    clock = ManualClock()
    woken: list[str] = []

    async def wait(name: str, after: float) -> None:
        await clock.wait_until(START + after)
        woken.append(name)

    waits = {"late": 3.0, "first": 1.0, "second": 2.0, "as second": 2.0, "too late": 9.0}
    tasks = [asyncio.create_task(wait(*item)) for item in waits.items()]
    await run_tasks()
    assert woken == []
    clock.advance(0.9)
    await run_tasks()
    assert woken == []
    clock.advance(4)
    await run_tasks()
    assert woken == ["first", "second", "as second", "late"]
    clock.advance(4.1)
    await asyncio.gather(*tasks)
    assert woken[-1] == "too late"


@pytest.mark.parametrize("after", [0.0, -1.0])
async def test_a_past_instant_is_not_waited_for(after: float) -> None:
    clock = ManualClock()
    await asyncio.wait_for(clock.wait_until(START + after), 5)
    assert clock.now() == START


@pytest.mark.parametrize("kind", ["real", "manual", "instant"])
async def test_a_signal_ends_an_infinite_wait(kind: str) -> None:
    clock, signal = make_clock(kind), Signal()
    task = asyncio.create_task(clock.wait_until(math.inf, signal))
    await run_tasks()
    assert not task.done()
    signal.set()
    await asyncio.wait_for(task, 5)


async def test_a_signal_wakes_the_current_waiters_only() -> None:
    clock, signal = ManualClock(), Signal()
    early = [asyncio.create_task(clock.wait_until(math.inf, signal)) for _ in range(2)]
    await run_tasks()
    signal.set()
    await asyncio.wait_for(asyncio.gather(*early), 5)
    late = asyncio.create_task(clock.wait_until(START + 1, signal))
    await run_tasks()
    assert not late.done()
    clock.advance(1)
    await asyncio.wait_for(late, 5)


async def test_a_cancelled_wait_does_not_affect_others() -> None:
    clock, signal = ManualClock(), Signal()
    abandoned = asyncio.create_task(clock.wait_until(START + 1, signal))
    other = asyncio.create_task(clock.wait_until(START + 2, signal))
    await run_tasks()
    abandoned.cancel()
    await run_tasks()
    assert abandoned.cancelled()
    clock.advance(2)
    signal.set()
    await asyncio.wait_for(other, 5)
    assert (clock._waiters, signal._waiters) == ([], [])


async def test_an_instant_clock_jumps_to_each_awaited_instant() -> None:
    clock = InstantClock()
    await asyncio.wait_for(clock.wait_until(START + 3600), 5)
    assert clock.now() == START + 3600
    await asyncio.wait_for(clock.wait_until(START + 60), 5)
    assert clock.now() == START + 3600


async def test_a_real_clock_waits_exactly_until_the_instant() -> None:
    clock = Clock()
    due = clock.now() + 0.02
    await asyncio.wait_for(clock.wait_until(due), 5)
    assert clock.now() >= due


async def test_a_scaled_clock_passes_an_hour_quickly() -> None:
    clock = make_clock("real", speed=1e6)
    due = clock.now() + 3600
    await asyncio.wait_for(clock.wait_until(due), 5)
    assert clock.now() >= due


async def test_advancing_a_real_clock_wakes_waiters() -> None:
    clock = Clock()
    before = clock.now()
    task = asyncio.create_task(clock.wait_until(before + 3600))
    await run_tasks()
    clock.advance(1800)
    await run_tasks()
    assert not task.done()
    clock.advance(1800)
    await asyncio.wait_for(task, 5)
    assert before + 3600 <= clock.now() < before + 3660


def test_a_real_clock_does_not_jump() -> None:
    clock = Clock()
    before = clock.now()
    assert before <= clock.jump_to(before + 3600) < before + 60
