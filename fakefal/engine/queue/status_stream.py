"""The status stream of one job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fakefal.engine.core.clock import Clock
from fakefal.engine.queue.job import Job
from fakefal.engine.queue.runners import RunnerPool
from fakefal.protocol.queue import Snapshot

PING_SECONDS = 15.0
"""The longest silence of a status stream.

Source: inferred (docs/reference/protocol.md#status-stream)
"""


class StatusStream:
    """Yields a snapshot for every step, from the current one on, each with its new logs only."""

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
        """The job's id."""
        return self._job.id

    def new_snapshots(self) -> Iterator[Snapshot]:
        """The snapshots since the last call; the first call starts with the present state."""
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
        """Wait until the job may have changed; False if a ping is due instead."""
        now = self._clock.now()
        boundary_at = self._job.next_boundary()
        if self._runner_pool is not None:
            boundary_at = min(boundary_at, self._runner_pool.next_boundary())
        is_instant = self._clock.kind == "instant"
        until = boundary_at if is_instant else min(boundary_at, now + PING_SECONDS)
        await self._clock.wait_until(until, self._job.changed)
        return self._clock.now() >= boundary_at or self._job.is_over
