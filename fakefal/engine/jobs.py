"""Jobs, and the one table that moves them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum

from fakefal.engine.clock import Signal
from fakefal.protocol.call import Call
from fakefal.protocol.queue import LogLine, Snapshot
from fakefal.scenario.plans import Ending
from fakefal.scenario.timeline import Position, Step, boundary, is_over, polled, start, waive, walk


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


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.QUEUED, Event.WAIT): State.QUEUED,
    (State.QUEUED, Event.RUN): State.RUNNING,
    (State.QUEUED, Event.FINISH): State.COMPLETED,
    (State.QUEUED, Event.CANCEL): State.CANCELLED,
    (State.RUNNING, Event.WAIT): State.QUEUED,
    (State.RUNNING, Event.RUN): State.RUNNING,
    (State.RUNNING, Event.FINISH): State.COMPLETED,
    (State.RUNNING, Event.CANCEL): State.RUNNING,
    (State.CANCELLED, Event.CANCEL): State.CANCELLED,
}
"""Every move of a job; a pair that is not here is refused.

A running job goes back to the queue when the platform retries it (documented, docs: Retries). A
cancel reaches a queued job at once; an ordinary app ignores it while running and completes
(recorded: sdk-e2e). A repeated cancel is harmless (client: fal_client retries cancels); protocol.md
section 3.5.
"""

_EVENTS = {"IN_QUEUE": Event.WAIT, "IN_PROGRESS": Event.RUN}


class Job:
    """An admitted queue request.

    Its state is computed when somebody looks: every boundary that time has passed is crossed, at
    its own instant. ``waived`` means that polls are not waited for (a webhook was asked for, or the
    status is streamed).
    """

    __slots__ = (
        "_changed",
        "_early_asks",
        "_entered",
        "call",
        "created_at",
        "ended_at",
        "ending",
        "id",
        "inference_seconds",
        "label",
        "position",
        "state",
        "steps",
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
        self.waived = call.webhook is not None
        self.position = start(now)
        self.state = State.QUEUED
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
    def changed(self) -> Signal:
        """Set when the job changes other than by time and polls."""
        if self._changed is None:
            self._changed = Signal()
        return self._changed

    def next_boundary(self) -> float:
        """The instant at which time alone moves the job on; infinite if it does not."""
        if self.is_over:
            return math.inf
        return boundary(self.steps, self.position, waived=self.waived)

    def look(self, now: float) -> None:
        """Cross what time has passed."""
        if not self.is_over:
            self._move_to(walk(self.steps, self.position, now, waived=self.waived), now)

    def count_poll(self, now: float) -> None:
        """A status poll was answered."""
        self._early_asks = 0
        if not self.is_over:
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
        was = self.state
        self._happen(Event.CANCEL)
        if self.state is State.CANCELLED and was is not State.CANCELLED:
            self.ended_at = now
        return True

    def snapshot(self, *, with_logs: bool, step: int | None = None) -> Snapshot:
        """What the job shows now, or what it showed at an earlier step of its walk."""
        current = self.position.step
        shown = current if step is None else min(step, current)
        logs = self._logs(shown) if with_logs else None
        if shown < len(self.steps) and self.state is not State.CANCELLED:
            at = self.steps[shown]
            return Snapshot(at.state, self.id, at.position, logs)
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
        return Snapshot(first.state, self.id, first.position)

    def _logs(self, upto: int) -> tuple[LogLine, ...]:
        return tuple(
            LogLine(log.message, entered, log.level, log.source, log.labels)
            for step, entered in zip(self.steps[: upto + 1], self._entered, strict=False)
            for log in step.logs
        )

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
        else:
            self._happen(_EVENTS[self.steps[position.step].state])

    def _happen(self, event: Event) -> None:
        self.state = TRANSITIONS[self.state, event]
