"""The clock of a test, as the sleeps and timeouts of a fal client use it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
import threading
from asyncio.tasks import sleep as real_async_sleep
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from fakefal import system_time
from fakefal.engine.queue.job import Job
from fakefal.engine.tenant import Tenant
from fakefal.server.thread import ThreadedServer

_MAX_IDLE_SLEEPS = 1000
"""Sleeps in a row that nothing can end; later ones wait, so that polls do not fill a core."""

_RECHECK_SECONDS = 0.002
"""How often (real time) a client that sleeps on a manual clock looks at it."""

_SUBMIT_SECONDS = 0.001
"""A client starts to wait before its submit arrives, so its timeout ends before that of the server,
for which ``client_timeout`` sets the same value."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The instant at which a client gives up, on the clock of one fake."""

    clock: ClientClock
    at: float


_DEADLINE: ContextVar[Deadline | None] = ContextVar("fakefal_deadline", default=None)


class ClientClock:
    """Sleeps and timeouts of a fal client on the clock of one tenant.

    ``moves_manual`` counts the blocks of ``patch_sleep``, in which a manual clock is moved too.
    """

    def __init__(self, server: ThreadedServer, tenant: Tenant) -> None:
        self._server = server
        self._tenant = tenant
        self._deadlines: list[float] = []
        self._idle_sleeps = 0
        self.moves_manual = 0
        self.is_closed = False

    @property
    def is_simulated(self) -> bool:
        """Whether the clock is instant or manual, so that clients need not wait."""
        return not self.is_closed and self._tenant.clock.kind in ("instant", "manual")

    @property
    def is_moved_by_sleeps(self) -> bool:
        """Whether a client's sleep moves the clock."""
        return self._tenant.clock.kind == "instant" or self.moves_manual > 0

    def now(self) -> float:
        """Seconds since 1970."""
        return self._tenant.clock.now()

    def sleep(self, seconds: float, request_id: str) -> None:
        """Sleep in the thread of a client; raises TimeoutError at its deadline."""
        for pause_seconds in self._pauses(seconds, request_id):
            if pause_seconds < 0:
                raise concurrent.futures.TimeoutError
            threading.Event().wait(pause_seconds)  # a test may have patched time.sleep

    async def sleep_async(self, seconds: float, request_id: str) -> None:
        """Sleep in a task of a client; raises TimeoutError at its deadline."""
        for pause_seconds in self._pauses(seconds, request_id):
            if pause_seconds < 0:
                raise asyncio.TimeoutError
            if pause_seconds and system_time.is_patched():
                # The timers of the test's own loop stand still in frozen time.
                await asyncio.to_thread(threading.Event().wait, pause_seconds)
            else:
                await real_async_sleep(pause_seconds)

    def _pauses(self, seconds: float, request_id: str) -> Iterator[float]:
        """The real pauses of a sleep, in seconds; negative when the deadline is reached."""
        deadline_at = self._deadline_at()
        if self.is_moved_by_sleeps:
            yield 0
            is_expired = self._server.call(lambda: self._move(seconds, request_id, deadline_at))
            if is_expired:
                yield -1
            elif self._idle_sleeps > _MAX_IDLE_SLEEPS:
                yield seconds
            return
        wake_at = min(self._tenant.clock.later(self.now(), seconds), deadline_at)
        yield 0
        while self._is_asleep(request_id, wake_at):
            yield _RECHECK_SECONDS
        if self.now() >= deadline_at:
            yield -1

    def _move(self, seconds: float, request_id: str, deadline_at: float) -> bool:
        """Move the clock to the end of a sleep; True if that is the deadline.

        A sleep between polls that cannot change anything ends at the next event of the job.
        """
        clock = self._tenant.clock
        now = clock.now()
        wake_at = clock.later(now, max(0.0, seconds))
        job = self._waiting_job(request_id)
        if job is not None:
            event_at = min((self._tenant.queue.next_boundary_of(job), *self._deadlines))
            self._idle_sleeps = self._idle_sleeps + 1 if event_at == math.inf else 0
            leaps = clock.kind == "instant" or deadline_at < math.inf
            if leaps and event_at < math.inf:
                wake_at = max(wake_at, event_at)
        wake_at = min(wake_at, deadline_at)
        if wake_at > now:
            clock.advance(wake_at - now)
        return wake_at == deadline_at

    def _waiting_job(self, request_id: str) -> Job | None:
        """The job, if only time or another caller can change it; None if polls can."""
        job = self._tenant.queue.jobs.get(request_id)
        if job is None:
            return None
        self._tenant.queue.advance_job(job, self._tenant.clock.now())
        return job if job.is_past_polls else None

    def _is_asleep(self, request_id: str, wake_at: float) -> bool:
        if not self.is_simulated or self.is_moved_by_sleeps or self.now() >= wake_at:
            return False
        return self._server.call(lambda: self._waiting_job(request_id)) is not None

    def _next_deadline(self) -> float:
        return min(self._deadlines, default=math.inf)

    def _deadline_at(self) -> float:
        deadline = _DEADLINE.get()
        return deadline.at if deadline is not None and deadline.clock is self else math.inf

    @contextmanager
    def start_timeout(self, seconds: float) -> Iterator[Deadline]:
        """Inside the block the sleeps of this thread or task end at a deadline."""
        deadline = Deadline(self, self.now() + seconds - _SUBMIT_SECONDS)
        # No poll jumps past a deadline: the client's sleep moves the clock there instead.
        self._tenant.queue.jump_limit = self._next_deadline
        self._deadlines.append(deadline.at)
        try:
            with use_deadline(deadline):
                yield deadline
        finally:
            self._deadlines.remove(deadline.at)


@contextmanager
def use_deadline(deadline: Deadline | None) -> Iterator[None]:
    """Set the deadline of this thread or task for a block."""
    token = _DEADLINE.set(deadline)
    try:
        yield
    finally:
        _DEADLINE.reset(token)
