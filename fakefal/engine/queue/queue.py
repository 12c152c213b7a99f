"""The jobs of a tenant: kept within bounds, in line for runners, brought to the present."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

from fakefal.engine.core.clock import Clock
from fakefal.engine.queue.job import Job, State
from fakefal.engine.queue.retention import is_expired
from fakefal.engine.queue.runners import RunnerPool
from fakefal.protocol.errors.errors import not_found


class Queue:
    """Keeps at most ``bound`` jobs; ``lines``, if there are any, are those that wait for runners.

    ``dropped`` says how many had to go for others. Nothing moves by itself: whoever asks for a job
    brings it, and those before it in line, to the present.
    """

    def __init__(
        self, clock: Clock, max_jobs: int, make_runner_pool: Callable[[], RunnerPool]
    ) -> None:
        self.jobs: OrderedDict[str, Job] = OrderedDict()
        self.runner_pool: RunnerPool | None = None
        self.dropped = 0
        self._clock = clock
        self._max_jobs = max_jobs
        self._make_runner_pool = make_runner_pool

    def admit(self, job: Job, now: float, *, waits_for_runner: bool) -> None:
        """Keep a new job; ``in_line`` lets it wait for a runner."""
        if waits_for_runner:
            if self.runner_pool is None:
                self.runner_pool = self._make_runner_pool()
            self.runner_pool.admit(job, now)
        self._make_room(now)
        self.jobs[job.id] = job

    def peek(self, app: str, request_id: str) -> Job | None:
        """The job of an app, as it was when somebody last looked; None if there is none."""
        job = self.jobs.get(request_id)
        return job if job is not None and job.call.endpoint.app == app else None

    def find(self, app: str, request_id: str, now: float) -> Job:
        """The job of an app as it is now; raises the 404 where there is none (any more)."""
        job = self.jobs.get(request_id)
        if job is None or job.call.endpoint.app != app:
            raise not_found(self._not_found_reason(request_id))
        if self.runner_pool is not None:
            self.runner_pool.advance_to(now)
        job.advance_to(now)
        if job.ended_at is not None and is_expired(job, self._clock, now):
            del self.jobs[request_id]
            raise not_found("the result is kept no more")
        return job

    def _not_found_reason(self, request_id: str) -> str:
        other_app_job = self.jobs.get(request_id)
        if other_app_job is not None:
            return f"the request is one of {other_app_job.call.endpoint.app}"
        if not self.dropped:
            return "this key has no such request, or keeps it no more"
        return f"unknown, or one of the {self.dropped} oldest, dropped to stay within limits"

    def advance_job(self, job: Job, now: float) -> None:
        """Bring a job to an instant, and those before it in line."""
        self.advance_to(now)
        job.advance_to(now)

    def advance_to(self, now: float) -> None:
        """Bring all that stand in line to an instant."""
        if self.runner_pool is not None:
            self.runner_pool.advance_to(now)

    def next_boundary_of(self, job: Job) -> float:
        """The instant at which time alone may move a job on, or those that it waits for."""
        if job.is_waiting and self.runner_pool is not None:
            return self.runner_pool.next_boundary()
        return job.next_boundary()

    def fast_forward(self, job: Job, shown_step: int) -> None:
        """On a clock that waits for nobody, the time of a step that was shown is over.

        Where a client that looks again and again would have to wait for news, they come at once.
        """
        if self._clock.kind == "instant" and job.position.step == shown_step and not job.is_over:
            next_change_at = self.next_boundary_of(job) if job.is_past_polls else math.inf
            job.advance_to(self._clock.jump_to(next_change_at))
        self.advance_to(self._clock.now())

    def running_count(self, now: float) -> int:
        """How many jobs run that runners are counted for."""
        if self.runner_pool is None:
            return 0
        self.runner_pool.advance_to(now)
        return self.runner_pool.running_count

    def waiting_count(self, app: str, now: float) -> int:
        """How many jobs of an app have not begun to run."""
        self.advance_to(now)
        app_jobs = [job for job in self.jobs.values() if job.call.endpoint.app == app]
        for job in app_jobs:
            job.advance_to(now)
        return sum(job.state is State.QUEUED and not job.is_over for job in app_jobs)

    def _make_room(self, now: float) -> None:
        """Let the oldest finished job go, else the oldest, where there are too many."""
        if len(self.jobs) < self._max_jobs or not self.jobs:
            return
        for oldest in self.jobs.values():
            self.advance_job(oldest, now)
            if oldest.is_over:
                break
        else:
            oldest = next(iter(self.jobs.values()))
        del self.jobs[oldest.id]
        self.dropped += 1
        if self.runner_pool is not None:
            self.runner_pool.remove(oldest)
            self.runner_pool.advance_to(now)
