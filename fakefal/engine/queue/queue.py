"""The job queue of a tenant."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

from fakefal.engine.core.bounds import GRACE_SECONDS, MANY, RESCAN_SECONDS, Bounds
from fakefal.engine.core.clock import Clock
from fakefal.engine.queue.job import Job, State
from fakefal.engine.queue.retention import MIN_TTL_SECONDS, result_ttl_of
from fakefal.engine.queue.runners import RunnerPool
from fakefal.protocol.errors.errors import not_found
from fakefal.scenario.compiled.environment import DEFAULT_APP


class Queue:
    """Keeps at most ``max_jobs`` jobs; ``dropped`` counts those dropped to make room.

    Only finished ones are dropped: first those whose result was read or whose webhook is done, the
    oldest first, then those that ended a minute ago. If all are alive, a new one is refused.
    ``runner_pool`` is created with the first job that waits for a runner. Nothing runs in the
    background: each method first advances the jobs that it reads, and those ahead of them.
    """

    def __init__(
        self, clock: Clock, max_jobs: int, make_runner_pool: Callable[[], RunnerPool]
    ) -> None:
        self.jobs: OrderedDict[str, Job] = OrderedDict()
        self.runner_pool: RunnerPool | None = None
        self.dropped = 0
        self.jump_limit: Callable[[], float] = lambda: math.inf
        """Returns the instant at which a caller gives up: polls do not move a clock beyond it."""
        self._clock = clock
        self._max_jobs = max_jobs
        self._make_runner_pool = make_runner_pool
        self._done: dict[str, None] = {}
        self._next_scan_at = -math.inf

    def check_room(self, now: float, bounds: Bounds) -> None:
        """Make room for one more job; raises the 429 if all jobs are alive."""
        if len(self.jobs) < self._max_jobs or self._make_room(now):
            return
        reason = (
            f"all {len(self.jobs)} requests that are kept for this key are unfinished or unread"
        )
        raise bounds.refuse("jobs", reason)

    def mark_done(self, job: Job) -> None:
        """Nobody waits for a finished job any more: it may be dropped if room is needed."""
        if job.is_over and job.id in self.jobs:
            self._done.pop(job.id, None)
            self._done[job.id] = None

    def is_idle(self, now: float) -> bool:
        """Whether no job is unfinished or has just finished without being read."""
        if len(self._done) == len(self.jobs):
            return True
        self.advance_to(now)
        return all(
            self._is_idle(job, now) for job in self.jobs.values() if job.id not in self._done
        )

    def _is_idle(self, job: Job, now: float) -> bool:
        job.advance_to(now)
        return job.ended_at is not None and now - job.ended_at >= GRACE_SECONDS

    def admit(self, job: Job, now: float, *, waits_for_runner: bool) -> None:
        """Add a new job, to the runner pool too if it waits for a runner."""
        if waits_for_runner:
            if self.runner_pool is None:
                self.runner_pool = self._make_runner_pool()
            self.runner_pool.admit(job, now)
        self.jobs[job.id] = job

    def clear(self) -> None:
        """Forget all jobs, which releases their inputs and results at once."""
        self.jobs.clear()
        self._done.clear()
        if self.runner_pool is not None:
            self.runner_pool.clear()
        self._make_runner_pool = _no_runner_pool

    def peek(self, app: str, request_id: str) -> Job | None:
        """The job of an app in its last computed state; None if there is none."""
        job = self.jobs.get(request_id)
        return job if job is not None and job.call.endpoint.app == app else None

    def find(self, app: str, request_id: str, now: float) -> Job:
        """The job of an app in its present state; raises the 404 if it is unknown or expired."""
        job = self.jobs.get(request_id)
        if job is None or job.call.endpoint.app != app:
            raise not_found(self._not_found_reason(request_id))
        if self.runner_pool is not None:
            self.runner_pool.advance_to(now)
        if job.ended_at is None:
            job.advance_to(now)
        if job.ended_at is not None and self._is_expired(job, now):
            del self.jobs[request_id]
            self._done.pop(request_id, None)
            raise not_found("the result has expired")
        return job

    def _is_expired(self, job: Job, now: float) -> bool:
        """Whether the result of a finished job can no longer be read.

        An instant clock jumps over hours that no test waits for, so on it only ``advance`` counts,
        from the moment at which the end of the job was first read.
        """
        if job.ended_at is None:
            return False
        if self._clock.kind != "instant":
            passed_seconds = now - job.ended_at
        else:
            if job.seen_finished_at is None:
                job.seen_finished_at = self._clock.advanced_time()
            passed_seconds = self._clock.advanced_time() - job.seen_finished_at
        if passed_seconds < MIN_TTL_SECONDS and job.job_options.result_ttl_seconds is None:
            return False
        return passed_seconds >= result_ttl_of(job)

    def _not_found_reason(self, request_id: str) -> str:
        other_app_job = self.jobs.get(request_id)
        if other_app_job is not None:
            return f"the request belongs to {other_app_job.call.endpoint.app}"
        if not self.dropped:
            return "this key has no such request, or its result has expired"
        return f"unknown, or one of the {self.dropped} oldest, dropped to stay within limits"

    def advance_job(self, job: Job, now: float) -> None:
        """Advance a job, and all jobs of the runner pool, to an instant."""
        self.advance_to(now)
        job.advance_to(now)

    def advance_to(self, now: float) -> None:
        """Advance all jobs of the runner pool to an instant."""
        if self.runner_pool is not None:
            self.runner_pool.advance_to(now)

    def next_boundary_of(self, job: Job) -> float:
        """The next instant at which elapsed time may move a job, or one that it waits for."""
        if job.is_waiting and self.runner_pool is not None:
            return self.runner_pool.next_boundary()
        return job.next_boundary()

    def fast_forward(self, job: Job, shown_step: int) -> None:
        """On an instant clock, jump to the end of the step that the caller was shown.

        Does nothing while the step still waits for polls: the next poll changes it. Nor does it
        jump beyond ``jump_limit()``.
        """
        if self._clock.kind == "instant" and job.position.step == shown_step and not job.is_over:
            step_ends_at = self.next_boundary_of(job)
            if step_ends_at <= self.jump_limit():
                next_change_at = step_ends_at if job.is_past_polls else math.inf
                job.advance_to(self._clock.jump_to(next_change_at))
        self.advance_to(self._clock.now())

    def running_count(self, now: float) -> int:
        """The number of running jobs in the runner pool."""
        if self.runner_pool is None:
            return 0
        self.runner_pool.advance_to(now)
        return self.runner_pool.running_count

    def waiting_count(self, app: str, now: float) -> int:
        """The number of jobs of an app that have not started."""
        self.advance_to(now)
        app_jobs = [job for job in self.jobs.values() if job.call.endpoint.app == app]
        for job in app_jobs:
            job.advance_to(now)
        return sum(job.state is State.QUEUED and not job.is_over for job in app_jobs)

    def _make_room(self, now: float) -> bool:
        """Drop a finished job; False if there is none."""
        if self._done:
            request_id = next(iter(self._done))
            self._drop(self.jobs[request_id], now)
            return True
        if len(self.jobs) > MANY and now < self._next_scan_at:
            return False
        self.advance_to(now)
        for oldest in self.jobs.values():
            if self._is_idle(oldest, now):
                self._drop(oldest, now)
                return True
        self._next_scan_at = now + RESCAN_SECONDS
        return False

    def _drop(self, job: Job, now: float) -> None:
        del self.jobs[job.id]
        self._done.pop(job.id, None)
        self.dropped += 1
        if self.runner_pool is not None:
            self.runner_pool.remove(job)
            self.runner_pool.advance_to(now)


def _no_runner_pool() -> RunnerPool:
    """A pool for what is still submitted to a tenant that was replaced."""
    return RunnerPool(lambda _job: DEFAULT_APP, lambda: math.inf, lambda: 0)
