"""Keeps tasks, so that none is lost and all end with the server."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """The tasks of one server: kept until they are done, cancelled at its end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run a coroutine beside the others."""
        return self.track(asyncio.create_task(coroutine, name=name))

    def track(self, task: asyncio.Task[Any]) -> asyncio.Task[Any]:
        """Keep a task that somebody else started, and end it with the server."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def cancel_all(self) -> None:
        """End every task and wait until it has."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
