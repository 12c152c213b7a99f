"""Following one job's status, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fakefal.engine.core.clock import Clock
from fakefal.engine.queue.job import Job
from fakefal.engine.queue.runners import Lines
from fakefal.protocol.queue import Snapshot

PING_SECONDS = 15.0
"""How long a status stream may be silent. Source: inferred (protocol.md section 3.3)."""


class Watch:
    """What a status stream shows: every step once, each with the logs that are new in it.

    It begins with the step that the job is in when the watch is made.
    """

    def __init__(self, job: Job, clock: Clock, lines: Lines | None, *, with_logs: bool) -> None:
        self._job = job
        self._clock = clock
        self._lines = lines
        self._with_logs = with_logs
        self._next_step = job.position.step
        self._logs_told = 0
        self._place: int | None = None
        self.is_over = False

    @property
    def request_id(self) -> str:
        """The id of the job."""
        return self._job.id

    def news(self) -> Iterator[Snapshot]:
        """The snapshots since the last call, the present state first of all."""
        job = self._job
        now = self._clock.now()
        if self._lines is not None:
            self._lines.settle(now)
        job.look(now)
        while self._next_step <= job.position.step and not self.is_over:
            yield self._tell(self._next_step)
            self._next_step += 1
        has_moved = job.is_waiting and job.place is not None and job.place() != self._place
        if has_moved or (job.is_over and not self.is_over):
            yield self._tell(job.position.step)

    def _tell(self, step: int) -> Snapshot:
        snapshot = self._job.snapshot(with_logs=self._with_logs, step=step)
        self.is_over = snapshot.status == "COMPLETED"
        self._place = snapshot.position
        if snapshot.logs is None:
            return snapshot
        fresh = snapshot.logs[self._logs_told :]
        self._logs_told = max(self._logs_told, len(snapshot.logs))
        return replace(snapshot, logs=fresh)

    async def wait(self) -> bool:
        """Wait for something new; False if only the time for a sign of life has come."""
        now = self._clock.now()
        due = self._job.next_boundary()
        if self._lines is not None:
            due = min(due, self._lines.next_boundary())
        until = due if self._clock.kind == "instant" else min(due, now + PING_SECONDS)
        await self._clock.wait_until(until, self._job.changed)
        return self._clock.now() >= due or self._job.is_over
