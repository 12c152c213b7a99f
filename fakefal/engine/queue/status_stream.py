"""Following one job's status, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fakefal.engine.core.clock import Clock
from fakefal.engine.queue.job import Job
from fakefal.engine.queue.runners import RunnerPool
from fakefal.protocol.queue import Snapshot

PING_SECONDS = 15.0
"""How long a status stream may be silent. Source: inferred (protocol.md section 3.3)."""


class StatusStream:
    """What a status stream shows: every step once, each with the logs that are new in it.

    It begins with the step that the job is in when the watch is made.
    """

    def __init__(
        self, job: Job, clock: Clock, runner_pool: RunnerPool | None, *, with_logs: bool
    ) -> None:
        self._job = job
        self._clock = clock
        self._runner_pool = runner_pool
        self._with_logs = with_logs
        self._next_step = job.position.step
        self._sent_log_count = 0
        self._sent_position: int | None = None
        self.is_over = False

    @property
    def request_id(self) -> str:
        """The id of the job."""
        return self._job.id

    def new_snapshots(self) -> Iterator[Snapshot]:
        """The snapshots since the last call, the present state first of all."""
        job = self._job
        now = self._clock.now()
        if self._runner_pool is not None:
            self._runner_pool.advance_to(now)
        job.advance_to(now)
        while self._next_step <= job.position.step and not self.is_over:
            yield self._snapshot_of(self._next_step)
            self._next_step += 1
        has_moved = (
            job.is_waiting
            and job.queue_position is not None
            and job.queue_position() != self._sent_position
        )
        if has_moved or (job.is_over and not self.is_over):
            yield self._snapshot_of(job.position.step)

    def _snapshot_of(self, step: int) -> Snapshot:
        snapshot = self._job.snapshot(with_logs=self._with_logs, step=step)
        self.is_over = snapshot.status == "COMPLETED"
        self._sent_position = snapshot.queue_position
        if snapshot.logs is None:
            return snapshot
        new_logs = snapshot.logs[self._sent_log_count :]
        self._sent_log_count = max(self._sent_log_count, len(snapshot.logs))
        return replace(snapshot, logs=new_logs)

    async def wait(self) -> bool:
        """Wait for something new; False if only the time for a sign of life has come."""
        now = self._clock.now()
        due = self._job.next_boundary()
        if self._runner_pool is not None:
            due = min(due, self._runner_pool.next_boundary())
        until = due if self._clock.kind == "instant" else min(due, now + PING_SECONDS)
        await self._clock.wait_until(until, self._job.changed)
        return self._clock.now() >= due or self._job.is_over
