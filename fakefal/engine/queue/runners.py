"""Runners: jobs wait for a free one in the order of priority and arrival."""

from __future__ import annotations

import math
from collections.abc import Callable

from fakefal.engine.queue.job import Job, State
from fakefal.scenario.compiled.environment import App


class RunnerPool:
    """The jobs of a tenant that need a runner.

    ``app_of`` returns the app of a job: its number of runners and the queue length of other users.
    ``concurrency`` returns how many calls of the tenant may run at the same time, of which
    ``count_direct_calls`` run outside the queue. A job holds a runner from its start until it ends
    or returns to the queue.
    """

    def __init__(
        self,
        app_of: Callable[[Job], App],
        concurrency: Callable[[], float],
        count_direct_calls: Callable[[], int],
    ) -> None:
        self._app_of = app_of
        self._concurrency = concurrency
        self._count_direct_calls = count_direct_calls
        self._jobs: list[Job] = []

    def admit(self, job: Job, now: float) -> None:
        """Add a new job; it starts immediately if a runner is free."""
        job.queue_position = lambda: self.position_of(job)
        self._jobs.append(job)
        self.advance_to(now)

    def advance_to(self, now: float) -> None:
        """Advance all jobs to an instant, boundary by boundary in the order of time.

        Each boundary may free a runner, which a waiting job takes at that instant and not at
        ``now``; else its end would depend on when the queue is read.
        """
        while (boundary_at := self.next_boundary()) <= now:
            for job in self._jobs:
                if job.next_boundary() <= boundary_at:
                    job.advance_to(boundary_at)
            self._start_waiting(boundary_at)
        self._start_waiting(now)
        if any(job.is_over for job in self._jobs):
            self._jobs = [job for job in self._jobs if not job.is_over]
            for job in self._jobs:
                job.notify()

    def clear(self) -> None:
        """Forget all jobs."""
        self._jobs.clear()

    def next_boundary(self) -> float:
        """The next instant at which elapsed time moves one of the jobs; may be infinite."""
        return min((job.next_boundary() for job in self._jobs), default=math.inf)

    def position_of(self, job: Job) -> int:
        """How many requests of the same app are ahead of a waiting job, other users' included."""
        waiting_jobs = self._waiting_jobs()
        if job not in waiting_jobs:
            return 0
        same_app_ahead = sum(
            other.call.endpoint.app == job.call.endpoint.app
            for other in waiting_jobs[: waiting_jobs.index(job)]
        )
        return self._app_of(job).foreign_queue_length + same_app_ahead

    @property
    def running_count(self) -> int:
        """The number of jobs that hold a runner."""
        return sum(job.state is State.RUNNING and not job.is_over for job in self._jobs)

    def _waiting_jobs(self) -> list[Job]:
        """The waiting jobs, next one first: normal priority, then low.

        Source: documented (docs/reference/protocol.md#request-headers)
        """
        waiting = [job for job in self._jobs if job.is_waiting]
        return sorted(waiting, key=lambda job: job.job_options.is_low_priority)

    def remove(self, job: Job) -> None:
        """Remove a job, which frees its runner."""
        self._jobs = [other for other in self._jobs if other is not job]

    def _start_waiting(self, at: float) -> None:
        """Start waiting jobs until no runner is free."""
        while self._start_some(at):
            pass  # a job of no duration freed its runner at the same instant

    def _start_some(self, at: float) -> bool:
        """Start waiting jobs; True as soon as one of them has ended again, so runners are free."""
        waiting = self._waiting_jobs()
        if not waiting:
            return False
        running = [job for job in self._jobs if job.state is State.RUNNING and not job.is_over]
        total = len(running) + self._count_direct_calls()
        for job in waiting:
            if total >= self._concurrency():
                return False
            app = job.call.endpoint.app
            if sum(other.call.endpoint.app == app for other in running) < self._app_of(job).runners:
                job.start(at)
                if job.is_over or job.state is not State.RUNNING:
                    return True
                running.append(job)
                total += 1
        return False
