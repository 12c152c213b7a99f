"""The clocks: real (at any speed), instant, and manual. The time itself: system_time.py."""

from __future__ import annotations

import asyncio
import heapq
import math
from email.utils import formatdate
from functools import lru_cache
from itertools import count
from typing import Literal

from fakefal import system_time
from fakefal.errors import SettingError
from fakefal.protocol.core.compat_flags import TimeSource
from fakefal.scenario.compiled.timeline import add_seconds

ClockKind = Literal["real", "scaled", "instant", "manual"]

START = 1_767_225_600.0
"""2026-01-01T00:00:00Z: where manual and instant clocks start."""


class Signal:
    """Wakes tasks that wait for something other than time. Unlike ``asyncio.Event`` it resets."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] = []

    def set(self) -> None:
        """Wake all current waiters."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            _finish(waiter)

    def add(self, waiter: asyncio.Future[None]) -> None:
        """Wake this one too at the next ``set``."""
        self._waiters.append(waiter)

    def discard(self, waiter: asyncio.Future[None]) -> None:
        """Remove a waiter; no error if it is not there."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)


class Clock:
    """Instants in seconds since 1970, UTC. Never goes backwards.

    Waiters are woken in the order of their instants; equal instants in the order of the calls.
    """

    kind: ClockKind = "real"

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._advanced_seconds = 0.0
        self._started_at = system_time.now()
        self._started_monotonic = system_time.monotonic()
        self._waiters: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()
        self._frozen: float | None = None

    def now(self) -> float:
        """The current instant."""
        if self._frozen is not None:
            return self._frozen
        passed_seconds = (system_time.monotonic() - self._started_monotonic) * self.speed
        return self._started_at + passed_seconds + self._advanced_seconds

    def jump_to(self, instant: float) -> float:
        """Make ``instant`` the present if the clock is instant; returns the present."""
        return self.now()

    def advanced_time(self) -> float:
        """The present without the jumps of an instant clock: only ``advance`` counts."""
        return self.now()

    def later(self, instant: float, seconds: float) -> float:
        """The sum, rounded so that equal waits end at equal instants."""
        return add_seconds(instant, seconds)

    def advance(self, seconds: float) -> None:
        """Move forward; raises SettingError for a negative or infinite duration."""
        if not 0 <= seconds < math.inf:
            raise SettingError(f"the clock cannot advance by {seconds} — time goes forward only")
        self._advanced_seconds += seconds
        if self._frozen is not None:
            self._frozen += seconds
        self._wake()

    async def wait_until(self, instant: float, signal: Signal | None = None) -> None:
        """Return once ``now()`` is at least ``instant``, or when the signal is set."""
        while (remaining_seconds := instant - self.now()) > 0:
            timer_seconds = None if self.is_frozen else min(remaining_seconds / self.speed, 3600.0)
            if await self._wait(instant, signal, timer_seconds):
                return

    async def wait_until_advanced(self, instant: float, signal: Signal | None = None) -> None:
        """Return once ``advanced_time()`` is at least ``instant``, or when the signal is set."""
        await self.wait_until(instant, signal)

    def freeze(self) -> None:
        """Stop the clock; only ``advance`` moves it."""
        if self._frozen is None:
            self._frozen = self.now()

    def resume(self) -> None:
        """Undo ``freeze``; the clock continues from the frozen instant."""
        frozen, self._frozen = self._frozen, None
        if frozen is not None:
            self._advanced_seconds += frozen - self.now()
            waiters, self._waiters = self._waiters, []
            for _, _, waiter in waiters:  # each sets a new timer for what remains
                _finish(waiter)

    @property
    def is_frozen(self) -> bool:
        """Whether ``freeze`` stopped it."""
        return self._frozen is not None

    def next_wait(self) -> float:
        """The nearest instant that a task waits for; infinite if none does."""
        self._forget_done()
        return self._waiters[0][0] if self._waiters else math.inf

    async def yield_to_loop(self) -> None:
        """Let other tasks run; no time passes on the clock."""
        await asyncio.sleep(0)

    async def _wait(
        self, instant: float, signal: Signal | None, timer_seconds: float | None
    ) -> bool:
        """Wait once; True if the signal ended the wait."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiters, (instant, next(self._order), waiter))
        handle = None if timer_seconds is None else loop.call_later(timer_seconds, _finish, waiter)
        signal_waiter: asyncio.Future[None] | None = None
        if signal is not None:
            signal_waiter = loop.create_future()
            signal_waiter.add_done_callback(lambda _: _finish(waiter))
            signal.add(signal_waiter)
        try:
            await waiter
            return signal_waiter is not None and signal_waiter.done()
        finally:
            _finish(waiter)
            if handle is not None:
                handle.cancel()
            if signal is not None and signal_waiter is not None:
                signal.discard(signal_waiter)
            self._forget_done()

    def _forget_done(self) -> None:
        while self._waiters and self._waiters[0][2].done():
            heapq.heappop(self._waiters)

    def _wake(self) -> None:
        now = self.now()
        while self._waiters and (self._waiters[0][0] <= now or self._waiters[0][2].done()):
            _, _, waiter = heapq.heappop(self._waiters)
            _finish(waiter)


class ManualClock(Clock):
    """Moves only by ``advance``."""

    kind: ClockKind = "manual"

    def __init__(self, start: float = START) -> None:
        super().__init__()
        self._now = start

    def now(self) -> float:
        """The current instant."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward; raises SettingError for a negative or infinite duration."""
        if not 0 <= seconds < math.inf:
            raise SettingError(f"the clock cannot advance by {seconds} — time goes forward only")
        self._set_now(add_seconds(self._now, seconds))

    def _set_now(self, instant: float) -> None:
        self._now = instant
        self._wake()

    async def wait_until(self, instant: float, signal: Signal | None = None) -> None:
        """Return once the clock was advanced to ``instant`` or beyond, or the signal was set."""
        while instant > self._now:
            if await self._wait(instant, signal, None):
                return


class InstantClock(ManualClock):
    """Never makes a caller wait: waiting for an instant makes it the present."""

    kind: ClockKind = "instant"

    def __init__(self, start: float = START) -> None:
        super().__init__(start)
        self._jumped_seconds = 0.0

    def advanced_time(self) -> float:
        """The present without its jumps: only ``advance`` counts."""
        return self._now - self._jumped_seconds

    def freeze(self) -> None:
        """Behave as a manual clock."""
        self._frozen, self.kind = self._now, "manual"

    def resume(self) -> None:
        """Jump again; whatever is waited for happens now, in order."""
        self._frozen, self.kind = None, "instant"
        while (instant := self.next_wait()) < math.inf:
            self.jump_to(instant)

    def jump_to(self, instant: float) -> float:
        """Make a finite future instant the present; returns the present."""
        if not self.is_frozen and self._now < instant < math.inf:
            self._jumped_seconds += instant - self._now
            self._set_now(instant)
        return self._now

    async def wait_until(self, instant: float, signal: Signal | None = None) -> None:
        """Return immediately, with the clock at ``instant`` or beyond; never if it is infinite."""
        if instant == math.inf or self.is_frozen:
            await super().wait_until(instant, signal)
            return
        self.jump_to(instant)
        await asyncio.sleep(0)  # without it a loop of waits would never let other tasks run

    async def wait_until_advanced(self, instant: float, signal: Signal | None = None) -> None:
        """Return once ``advance`` has moved the clock this far, or when the signal is set."""
        while (remaining_seconds := instant - self.advanced_time()) > 0:
            if await self._wait(self._now + remaining_seconds, signal, None):
                return


def real_now() -> float:
    """The system's time, for values that other programs compare with their own clock."""
    return system_time.now()


def time_for_others(clock: Clock, source: TimeSource) -> float:
    """The present in a value that other programs compare with their own watch.

    That is the system's time: an instant or manual clock begins in the past, where a token would be
    born expired and a signature too old. With ``clock`` it is the time of the clock, so that equal
    runs give equal bytes.
    """
    return clock.now() if source == "clock" else real_now()


def http_date() -> str:
    """The system's time as a ``Date`` header (RFC 9110 section 6.6.1).

    The only bytes of a response that differ between two equal runs.
    """
    return _http_date(int(system_time.now()))


@lru_cache(maxsize=2)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)


def make_clock(kind: str, speed: float = 1.0) -> Clock:
    """A clock by name; speed 0 means instant. Raises SettingError for an unknown one."""
    if not 0 <= speed < math.inf:
        raise SettingError(f"invalid speed {speed} — write 0 (instant) or a positive number")
    if kind == "manual":
        return ManualClock()
    if kind == "instant" or (kind in ("real", "scaled") and speed == 0):
        return InstantClock()
    if kind in ("real", "scaled"):
        clock = Clock(speed)
        clock.kind = "real" if speed == 1 else "scaled"
        return clock
    raise SettingError(f'unknown clock "{kind}" — one of real, instant, manual')


def _finish(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
