"""Sleeps and timeouts of fal's clients on the clock of a test."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import fal_client
import fal_client.client
import pytest

from fakefal import FakeFal

module: Any = fal_client.client
CALL = ("fal-ai/any-llm", {"prompt": "x"})


def test_a_sleep_between_polls_moves_the_clock(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").timeline({"IN_PROGRESS": {"polls": 60}})
    assert fal_client.subscribe(*CALL, interval=5)["output"] == "x"
    assert fakefal.clock.iso == "2026-01-01T00:05:00.000000Z"
    assert len(fakefal.polls) == 61


async def test_an_async_sleep_between_polls_moves_the_clock(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").timeline({"IN_PROGRESS": {"polls": 60}})
    result = await fal_client.AsyncClient().subscribe(*CALL, interval=5)
    assert result["output"] == "x"
    assert fakefal.clock.iso == "2026-01-01T00:05:00.000000Z"


def test_retries_wait_on_the_clock(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").faults(submit=["nginx-502"] * 8 + ["ok"])
    fal_client.submit(*CALL).cancel()
    assert 6 <= fakefal.clock.now % 60 <= 60


@pytest.mark.parametrize("with_updates", [False, True])
def test_a_timeout_ends_on_the_clock_and_cancels(fakefal: FakeFal, with_updates: bool) -> None:
    fakefal.on("fal-ai/any-llm").text("x").preset("stuck-in-queue")
    updates: list[fal_client.Status] = []
    with pytest.raises(fal_client.FalClientTimeoutError, match="timed out after 120 seconds"):
        fal_client.subscribe(
            *CALL, client_timeout=120, on_queue_update=updates.append if with_updates else None
        )
    fakefal.assert_cancelled()
    assert fakefal.clock.iso == "2026-01-01T00:01:59.999000Z"
    assert len(fakefal.polls) == 1
    assert len(updates) == with_updates


async def test_an_async_timeout_ends_on_the_clock_and_cancels(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").preset("stuck-in-queue")
    with pytest.raises(fal_client.FalClientTimeoutError, match="timed out after 120 seconds"):
        await fal_client.AsyncClient().subscribe(*CALL, client_timeout=120)
    fakefal.assert_cancelled()
    assert fakefal.clock.iso == "2026-01-01T00:01:59.999000Z"


@pytest.mark.parametrize(("seconds", "is_in_time"), [("119s", True), ("121s", False)])
def test_a_timeout_depends_on_the_timeline(
    fakefal: FakeFal, seconds: str, is_in_time: bool
) -> None:
    fakefal.on("fal-ai/any-llm").text("x").timeline("IN_QUEUE", {"IN_PROGRESS": {"for": seconds}})
    if is_in_time:
        assert fal_client.subscribe(*CALL, client_timeout=120)["output"] == "x"
    else:
        with pytest.raises(fal_client.FalClientTimeoutError):
            fal_client.subscribe(*CALL, client_timeout=120)
        fakefal.assert_cancelled()


def test_more_timeouts_than_threads_of_the_client(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").preset("stuck-in-queue")
    for _ in range(module.EXECUTOR._max_workers + 1):
        with pytest.raises(fal_client.FalClientTimeoutError):
            fal_client.subscribe(*CALL, client_timeout=60)


def test_a_job_that_is_never_polled_does_not_slow_a_timeout(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm", prompt="other").text("x")
    fakefal.on("fal-ai/any-llm").text("x").preset("stuck-in-queue")
    fal_client.submit("fal-ai/any-llm", {"prompt": "other"})
    with pytest.raises(fal_client.FalClientTimeoutError):
        fal_client.subscribe(*CALL, client_timeout=600)
    assert len(fakefal.polls) == 1


@pytest.mark.fakefal(clock="manual")
def test_on_a_manual_clock_polls_move_on_and_time_does_not(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").timeline({"IN_PROGRESS": {"polls": 50}})
    assert fal_client.subscribe(*CALL)["output"] == "x"
    assert fakefal.clock.iso == "2026-01-01T00:00:00.000000Z"
    assert len(fakefal.polls) == 51


@pytest.mark.fakefal(clock="manual")
async def test_on_a_manual_clock_a_client_waits_until_time_is_moved(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").timeline({"IN_PROGRESS": {"for": "90s"}})
    polled = asyncio.Event()
    task = asyncio.create_task(
        fal_client.AsyncClient().subscribe(*CALL, on_queue_update=lambda _: polled.set())
    )
    await polled.wait()
    fakefal.clock.advance("90s")
    assert (await task)["output"] == "x"
    assert fakefal.clock.iso == "2026-01-01T00:01:30.000000Z"
    assert len(fakefal.polls) <= 4


@pytest.mark.fakefal(clock="manual")
def test_on_a_manual_clock_a_timeout_ends_when_time_is_moved(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").preset("stuck-in-queue")
    polled = threading.Event()

    def advance() -> None:
        polled.wait()
        fakefal.clock.advance("1h")

    thread = threading.Thread(target=advance)
    thread.start()
    with pytest.raises(fal_client.FalClientTimeoutError):
        fal_client.subscribe(*CALL, client_timeout=7200 / 2, on_queue_update=lambda _: polled.set())
    thread.join()


@pytest.mark.fakefal(clock="manual")
def test_on_a_manual_clock_a_client_sees_what_others_change(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").preset("stuck-in-queue")
    job = fal_client.submit(*CALL)
    polled = threading.Event()

    def cancel() -> None:
        polled.wait()
        job.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    updates = []
    for update in job.iter_events():
        updates.append(type(update))
        polled.set()
    thread.join()
    assert updates[-1] is fal_client.Completed


@pytest.mark.fakefal(clock="manual")
def test_patch_sleep_ends_a_timeout_on_a_manual_clock(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").preset("stuck-in-queue")
    with fakefal.clock.patch_sleep(), pytest.raises(fal_client.FalClientTimeoutError):
        fal_client.subscribe(*CALL, client_timeout=120)
    fakefal.assert_cancelled()


def test_a_client_that_nothing_can_wake_pauses_after_many_polls(
    fakefal: FakeFal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fakefal.testing.redirect.client_clock._MAX_IDLE_SLEEPS", 3)
    pauses: list[float] = []
    monkeypatch.setattr(
        "fakefal.testing.redirect.client_clock.threading.Event.wait",
        lambda _, seconds: pauses.append(seconds),
    )
    fakefal.on("fal-ai/any-llm").text("x").preset("stuck-in-queue")
    job = fal_client.submit(*CALL)
    clock = fakefal.clock.client_clock
    for _ in range(5):
        clock.sleep(0.1, job.request_id)
    assert [pause for pause in pauses if pause] == [0.1, 0.1]
