"""Jobs, and the one table that moves them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from fakefal.engine.core.clock import Signal
from fakefal.engine.core.request_ids import uuid7
from fakefal.protocol.core.call import Call, Outcome
from fakefal.protocol.errors.catalog import CATALOGUE, outcome_of
from fakefal.protocol.errors.fault import Trouble
from fakefal.protocol.queue import LogLine, Snapshot
from fakefal.scenario.compiled.reply import CancelAnswer, Ending
from fakefal.scenario.compiled.timeline import (
    Position,
    Step,
    after,
    boundary,
    is_over,
    polled,
    start,
    waive,
    walk,
)
from fakefal.scenario.values.seeded import digest

if TYPE_CHECKING:
    from fakefal.scenario.compiled.faults import Faults


class State(Enum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Event(Enum):
    """What can happen to a job."""

    WAIT = "wait"
    RUN = "run"
    FINISH = "finish"
    CANCEL = "cancel"
    ABORT = "abort"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.QUEUED, Event.WAIT): State.QUEUED,
    (State.QUEUED, Event.RUN): State.RUNNING,
    (State.QUEUED, Event.FINISH): State.COMPLETED,
    (State.QUEUED, Event.CANCEL): State.CANCELLED,
    (State.QUEUED, Event.ABORT): State.CANCELLED,
    (State.RUNNING, Event.WAIT): State.QUEUED,
    (State.RUNNING, Event.RUN): State.RUNNING,
    (State.RUNNING, Event.FINISH): State.COMPLETED,
    (State.RUNNING, Event.CANCEL): State.RUNNING,
    (State.RUNNING, Event.ABORT): State.COMPLETED,
    (State.CANCELLED, Event.CANCEL): State.CANCELLED,
    (State.CANCELLED, Event.ABORT): State.CANCELLED,
}
"""Every move of a job; a pair that is not here is refused.

A running job goes back to the queue when the platform retries it (documented, docs: Retries). A
cancel reaches a queued job at once; an ordinary app ignores it while running and completes, one
with a cancel handler aborts (recorded: sdk-e2e). A repeated cancel is harmless (client: fal_client
retries cancels); protocol.md section 3.5.
"""

_EVENTS = {"IN_QUEUE": Event.WAIT, "IN_PROGRESS": Event.RUN}


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a job behaves that is not quite ordinary.

    ``deadline`` is the instant by which it must have started, ``run_seconds`` how long it may run,
    ``marks`` the steps at which a new attempt begins. ``keep_seconds`` None is what the retention
    rules say.
    """

    deadline: float = math.inf
    run_seconds: float = math.inf
    cancel: CancelAnswer = "ignored"
    marks: tuple[int, ...] = ()
    is_low: bool = False
    keep_seconds: float | None = None
    faults: Faults | None = None


ORDINARY = Conduct()


class Job:
    """An admitted queue request.

    Its state is computed when somebody looks: every boundary that time has passed is crossed, at
    its own instant. ``waived`` means that polls are not waited for (a webhook was asked for, or the
    status is streamed). ``trouble`` is what happens to the answer of its submit. ``place`` tells
    the position of one that waits for a runner.
    """

    __slots__ = (
        "_changed",
        "_early_asks",
        "_entered",
        "_runs_since",
        "call",
        "conduct",
        "created_at",
        "ended_at",
        "ending",
        "id",
        "inference_seconds",
        "label",
        "place",
        "position",
        "seen_over",
        "state",
        "steps",
        "trouble",
        "units",
        "waived",
    )

    def __init__(
        self,
        id_: str,
        call: Call,
        ending: Ending,
        steps: Sequence[Step],
        now: float,
        *,
        inference_seconds: float | None = None,
        units: float | None = 1,
        label: str = "",
        conduct: Conduct = ORDINARY,
    ) -> None:
        self.id = id_
        self.call = call
        self.ending = ending
        self.steps = steps
        self.created_at = now
        self.ended_at: float | None = None
        self.inference_seconds = inference_seconds
        self.units = units
        self.label = label
        self.conduct = conduct
        self.trouble: Trouble | None = None
        self.place: Callable[[], int] | None = None
        self.seen_over: float | None = None
        self.waived = call.webhook is not None
        self.position = start(now)
        self.state = State.QUEUED
        self._runs_since = now
        self._entered: list[float] = []
        self._changed: Signal | None = None
        self._early_asks = 0
        self._enter(start(now))
        self.look(now)

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen to the job any more."""
        return self.ended_at is not None

    @property
    def is_waiting(self) -> bool:
        """Whether only a runner is missing."""
        return self.ended_at is None and self.steps[self.position.step].gate

    @property
    def is_low(self) -> bool:
        """Whether it yields to others."""
        return self.conduct.is_low

    @property
    def is_patient(self) -> bool:
        """Whether more polls would not help: only time ends the present step, or nothing does."""
        if self.ended_at is not None:
            return False
        step = self.steps[self.position.step]
        return step.forever or self.position.polls >= step.polls

    @property
    def attempt(self) -> int:
        """Which attempt of the platform this is, counted from 1."""
        return 1 + sum(mark <= self.position.step for mark in self.conduct.marks)

    @property
    def gateway_id(self) -> str:
        """The id of this attempt: that of the request, until it was retried.

        Source: documented (protocol.md sections 8, 15).
        """
        attempt = self.attempt
        if attempt == 1:
            return self.id
        return uuid7(int.from_bytes(digest("gateway", self.id, str(attempt))[:16], "big"))

    @property
    def changed(self) -> Signal:
        """Set when the job changes other than by time and polls."""
        if self._changed is None:
            self._changed = Signal()
        return self._changed

    def stir(self) -> None:
        """Wake those who follow the job."""
        if self._changed is not None:
            self._changed.set()

    def next_boundary(self) -> float:
        """The instant at which time alone moves the job on; infinite if it does not."""
        if self.ended_at is not None:
            return math.inf
        at = boundary(self.steps, self.position, waived=self.waived)
        return at if self.conduct is ORDINARY else min(at, self._limit())

    def look(self, now: float) -> None:
        """Cross what time has passed."""
        if self.ended_at is not None:
            return
        if self.conduct is ORDINARY:
            self._move_to(walk(self.steps, self.position, now, waived=self.waived), now)
            return
        while self.ended_at is None:
            at = boundary(self.steps, self.position, waived=self.waived)
            limit = self._limit()
            if min(at, limit) > now:
                return
            if at <= limit:
                self._enter(Position(self.position.step + 1, 0, at))
            else:
                self._expire(limit)

    def start(self, at: float) -> None:
        """A runner is free."""
        assert self.is_waiting, self.id
        self._enter(Position(self.position.step + 1, 0, at))
        self.look(at)
        self.stir()

    def count_poll(self, now: float) -> None:
        """A status poll was answered."""
        self._early_asks = 0
        if self.conduct is not ORDINARY:
            self.look(now)
        if self.ended_at is None:
            self._move_to(polled(self.steps, self.position, now, waived=self.waived), now)

    def waive(self, now: float) -> None:
        """Wait for no more polls: from now on somebody follows the status as a stream."""
        self.look(now)
        if not self.is_over and not self.waived:
            self.position = waive(self.steps, self.position, now)
            self.waived = True

    def ask_early(self, now: float) -> None:
        """The result was asked for too early.

        Some clients poll the result and never the status (AI SDK; protocol.md section 3.4). So from
        the second such ask in a row on, each counts as a poll; a single one changes nothing.
        """
        asks = self._early_asks + 1
        if asks > 1:
            self.count_poll(now)
        self._early_asks = asks

    def cancel(self, now: float) -> bool:
        """Ask the job to end; False if it has already completed."""
        self.look(now)
        if (self.state, Event.CANCEL) not in TRANSITIONS:
            return False
        if self.ended_at is not None or self.conduct.cancel == "too-late":
            return True
        was_running = self.state is State.RUNNING
        self._happen(Event.ABORT if self.conduct.cancel == "honoured" else Event.CANCEL)
        if self.state is State.COMPLETED:
            self._end(now, outcome_of(CATALOGUE["cancelled_by_app"]))
        elif not was_running:
            self.ended_at = now
        return True

    def snapshot(
        self, *, with_logs: bool, step: int | None = None, is_window: bool = False
    ) -> Snapshot:
        """What the job shows now, or what it showed at an earlier step of its walk.

        With ``is_window`` its logs are those of that step alone.
        """
        current = self.position.step
        shown = current if step is None else min(step, current)
        logs = self._logs(shown if is_window else 0, shown) if with_logs else None
        has_ended_here = self.ended_at is not None and shown == current
        if shown < len(self.steps) and not has_ended_here:
            at = self.steps[shown]
            position = at.position
            if at.gate and self.place is not None and shown == current:
                position = self.place()
            return Snapshot(at.state, self.id, position, logs)
        outcome = self.ending.outcome
        seconds = self.inference_seconds if outcome.is_success else None
        return Snapshot(
            "COMPLETED", self.id, None, logs, seconds, outcome.error, outcome.error_type
        )

    def submitted(self) -> Snapshot:
        """What the submit answer shows: the first step, or IN_PROGRESS if there is none.

        Source: recorded (protocol.md section 3.1: a fast model is IN_PROGRESS at once).
        """
        if not self.steps:
            return Snapshot("IN_PROGRESS", self.id)
        first = self.steps[0]
        position = first.position
        if first.gate and self.place is not None:
            position = self.place()
        return Snapshot(first.state, self.id, position)

    def _logs(self, first: int, last: int) -> tuple[LogLine, ...]:
        return tuple(
            LogLine(log.message, entered, log.level, log.source, log.labels)
            for step, entered in zip(
                self.steps[first : last + 1], self._entered[first:], strict=False
            )
            for log in step.logs
        )

    def _limit(self) -> float:
        """The instant at which patience with the present state ends."""
        if self.state is State.RUNNING:
            return after(self._runs_since, self.conduct.run_seconds)
        return max(self.conduct.deadline, self.position.entered_at)

    def _expire(self, at: float) -> None:
        """It did not start or end in time. Source: protocol.md sections 3.4, 16 row 17."""
        name = "request_timeout" if self.state is State.RUNNING else "start_deadline"
        self._happen(Event.FINISH)
        self._end(at, outcome_of(CATALOGUE[name]))

    def _end(self, at: float, outcome: Outcome) -> None:
        """End otherwise than planned, in the step that it is in."""
        self.ended_at = at
        self.ending = replace(self.ending, outcome=outcome)
        self.units = None
        self.stir()

    def _move_to(self, target: Position, now: float) -> None:
        """Cross each step on the way, so that every one of them is an event of the table."""
        if target is self.position:
            return
        while self.position.step < target.step:
            here = self.position
            at = boundary(self.steps, here, waived=self.waived)
            ahead = here.step + 1
            entered_at = at if at <= now else now
            if ahead == target.step:
                entered_at = target.entered_at
            self._enter(Position(ahead, 0, entered_at))
        self.position = target

    def _enter(self, position: Position) -> None:
        self.position = position
        self._entered.append(position.entered_at)
        if is_over(self.steps, position):
            self.ended_at = position.entered_at
            self._happen(Event.FINISH)
            return
        if self.state is State.QUEUED:
            self._runs_since = position.entered_at
        self._happen(_EVENTS[self.steps[position.step].state])

    @property
    def started_at(self) -> float | None:
        """The instant at which it left the queue; None while it waits there."""
        return None if self.state is State.QUEUED else self._runs_since

    def _happen(self, event: Event) -> None:
        self.state = TRANSITIONS[self.state, event]
