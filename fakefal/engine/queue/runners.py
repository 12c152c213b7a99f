"""Real queues: jobs that wait for a runner, in the order of priority and arrival."""

from __future__ import annotations

import math
from collections.abc import Callable

from fakefal.engine.queue.job import Job, State
from fakefal.scenario.compiled.environment import App


class RunnerPool:
    """The jobs of a tenant for which runners are counted.

    ``app_of`` says how many runners an app has and how many requests of others wait for them,
    ``concurrency`` how many calls of the tenant may run at the same time; ``others`` counts those
    that run outside the queue. A job takes a runner when its turn has come and gives it back when
    it ends or goes back to the queue.
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
        """Let a new job stand in line; it may start at once."""
        job.queue_position = lambda: self.position_of(job)
        self._jobs.append(job)
        self.advance_to(now)

    def advance_to(self, now: float) -> None:
        """Cross all that time has passed, in its order: ends give runners back, waiters start."""
        while (due := self.next_boundary()) <= now:
            for job in self._jobs:
                if job.next_boundary() <= due:
                    job.advance_to(due)
            self._start_waiting(due)
        self._start_waiting(now)
        if any(job.is_over for job in self._jobs):
            self._jobs = [job for job in self._jobs if not job.is_over]
            for job in self._jobs:
                job.notify()

    def next_boundary(self) -> float:
        """The instant at which time alone moves one of the jobs on."""
        return min((job.next_boundary() for job in self._jobs), default=math.inf)

    def position_of(self, job: Job) -> int:
        """How many requests of the same app are ahead of a waiting one, those of others first."""
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
        """How many jobs run."""
        return sum(job.state is State.RUNNING and not job.is_over for job in self._jobs)

    def _waiting_jobs(self) -> list[Job]:
        """Those that wait, the next one first. Low priority yields to normal.

        Source: documented (protocol.md section 3.7).
        """
        waiting = [job for job in self._jobs if job.is_waiting]
        return sorted(waiting, key=lambda job: job.is_low_priority)

    def remove(self, job: Job) -> None:
        """Forget a job that nobody can ask for any more; its runner is free."""
        self._jobs = [other for other in self._jobs if other is not job]

    def _start_waiting(self, at: float) -> None:
        """Give free runners to those that wait; who is done at once gives his back at once."""
        while self._start_some(at):
            pass

    def _start_some(self, at: float) -> bool:
        """Whether one that was started runs no longer."""
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
