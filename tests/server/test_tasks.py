from __future__ import annotations

import asyncio

import pytest

from fakefal.server.tasks import Tasks


async def forever(ended: list[str], name: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(name)


async def test_a_task_gives_its_result_and_has_its_name() -> None:
    async def work() -> int:
        return 42

    task = Tasks().start(work(), "the work")
    assert task.get_name() == "the work"
    assert await task == 42


async def test_cancel_all_waits_until_every_task_has_ended() -> None:
    tasks, ended = Tasks(), list[str]()
    started = [tasks.start(forever(ended, name), name) for name in "ab"]
    adopted = tasks.track(asyncio.create_task(forever(ended, "c")))
    await asyncio.sleep(0)
    await tasks.cancel_all()
    assert sorted(ended) == ["a", "b", "c"]
    assert all(task.cancelled() for task in [*started, adopted])


async def test_a_failed_task_does_not_disturb_cancel_all() -> None:
    async def fail() -> None:
        raise ValueError("no")

    tasks, ended = Tasks(), list[str]()
    failed = tasks.start(fail(), "fails")
    tasks.start(forever(ended, "a"), "a")
    await asyncio.sleep(0)
    await tasks.cancel_all()
    assert ended == ["a"]
    with pytest.raises(ValueError, match="no"):
        await failed


async def test_a_finished_task_is_not_kept() -> None:
    tasks = Tasks()
    done = tasks.start(asyncio.sleep(0), "short")
    await done
    await asyncio.sleep(0)
    assert tasks._tasks == set()
    await tasks.cancel_all()
    assert not done.cancelled()


async def test_cancelling_no_tasks_does_nothing() -> None:
    tasks = Tasks()
    await tasks.cancel_all()
    await tasks.cancel_all()
