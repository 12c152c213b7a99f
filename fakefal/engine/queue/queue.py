"""The jobs of a tenant: kept within bounds, in line for runners, brought to the present."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

from fakefal.engine.core.clock import Clock
from fakefal.engine.queue.job import Job, State
from fakefal.engine.queue.retention import is_forgotten
from fakefal.engine.queue.runners import Lines
from fakefal.protocol.errors.errors import not_found


class Queue:
    """Keeps at most ``bound`` jobs; ``lines``, if there are any, are those that wait for runners.

    ``dropped`` says how many had to go for others. Nothing moves by itself: whoever asks for a job
    brings it, and those before it in line, to the present.
    """

    def __init__(self, clock: Clock, bound: int, make_lines: Callable[[], Lines]) -> None:
        self.jobs: OrderedDict[str, Job] = OrderedDict()
        self.lines: Lines | None = None
        self.dropped = 0
        self._clock = clock
        self._bound = bound
        self._make_lines = make_lines

    def admit(self, job: Job, now: float, *, in_line: bool) -> None:
        """Keep a new job; ``in_line`` lets it wait for a runner."""
        if in_line:
            if self.lines is None:
                self.lines = self._make_lines()
            self.lines.admit(job, now)
        self._make_room(now)
        self.jobs[job.id] = job

    def of(self, app: str, request_id: str) -> Job | None:
        """The job of an app, as it was when somebody last looked; None if there is none."""
        job = self.jobs.get(request_id)
        return job if job is not None and job.call.endpoint.app == app else None

    def find(self, app: str, request_id: str, now: float) -> Job:
        """The job of an app as it is now; raises the 404 where there is none (any more)."""
        job = self.jobs.get(request_id)
        if job is None or job.call.endpoint.app != app:
            raise not_found(self._why_not(request_id))
        if self.lines is not None:
            self.lines.settle(now)
        job.look(now)
        if job.ended_at is not None and is_forgotten(job, self._clock, now):
            del self.jobs[request_id]
            raise not_found("the result is kept no more")
        return job

    def _why_not(self, request_id: str) -> str:
        other = self.jobs.get(request_id)
        if other is not None:
            return f"the request is one of {other.call.endpoint.app}"
        if not self.dropped:
            return "this key has no such request, or keeps it no more"
        return f"unknown, or one of the {self.dropped} oldest, dropped to stay within limits"

    def look(self, job: Job, now: float) -> None:
        """Bring a job to an instant, and those before it in line."""
        self.settle(now)
        job.look(now)

    def settle(self, now: float) -> None:
        """Bring all that stand in line to an instant."""
        if self.lines is not None:
            self.lines.settle(now)

    def boundary(self, job: Job) -> float:
        """The instant at which time alone may move a job on, or those that it waits for."""
        if job.is_waiting and self.lines is not None:
            return self.lines.next_boundary()
        return job.next_boundary()

    def let_pass(self, job: Job, shown: int) -> None:
        """On a clock that waits for nobody, the time of a step that was shown is over.

        Where a client that looks again and again would have to wait for news, they come at once.
        """
        if self._clock.kind == "instant" and job.position.step == shown and not job.is_over:
            news = self.boundary(job) if job.is_patient else math.inf
            job.look(self._clock.reach(news))
        self.settle(self._clock.now())

    def running(self, now: float) -> int:
        """How many jobs run that runners are counted for."""
        if self.lines is None:
            return 0
        self.lines.settle(now)
        return self.lines.running

    def waiting(self, app: str, now: float) -> int:
        """How many jobs of an app have not begun to run."""
        self.settle(now)
        mine = [job for job in self.jobs.values() if job.call.endpoint.app == app]
        for job in mine:
            job.look(now)
        return sum(job.state is State.QUEUED and not job.is_over for job in mine)

    def _make_room(self, now: float) -> None:
        """Let the oldest finished job go, else the oldest, where there are too many."""
        if len(self.jobs) < self._bound or not self.jobs:
            return
        for old in self.jobs.values():
            self.look(old, now)
            if old.is_over:
                break
        else:
            old = next(iter(self.jobs.values()))
        del self.jobs[old.id]
        self.dropped += 1
        if self.lines is not None:
            self.lines.leave(old)
            self.lines.settle(now)
