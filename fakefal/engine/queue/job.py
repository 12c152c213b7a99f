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
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.errors.fault import Fault
from fakefal.protocol.queue import LogLine, Snapshot
from fakefal.scenario.compiled.reply import CancelMode, RenderedOutcome
from fakefal.scenario.compiled.timeline import (
    Position,
    Step,
    add_seconds,
    boundary,
    count_poll,
    is_completed,
    skip_polls,
    start_position,
    walk,
)
from fakefal.scenario.values.seeded import digest

if TYPE_CHECKING:
    from fakefal.scenario.compiled.faults import FaultsByOperation


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

_EVENT_OF_STEP_STATE = {"IN_QUEUE": Event.WAIT, "IN_PROGRESS": Event.RUN}


@dataclass(frozen=True, slots=True)
class JobOptions:
    """How a job behaves that is not quite ordinary.

    ``deadline`` is the instant by which it must have started, ``run_seconds`` how long it may run,
    ``marks`` the steps at which a new attempt begins. ``keep_seconds`` None is what the retention
    rules say.
    """

    start_deadline: float = math.inf
    max_run_seconds: float = math.inf
    cancel: CancelMode = "ignored"
    attempt_starts: tuple[int, ...] = ()
    is_low_priority: bool = False
    result_ttl_seconds: float | None = None
    faults: FaultsByOperation | None = None


DEFAULT_JOB_OPTIONS = JobOptions()


class Job:
    """An admitted queue request.

    Its state is computed when somebody looks: every boundary that time has passed is crossed, at
    its own instant. ``waived`` means that polls are not waited for (a webhook was asked for, or the
    status is streamed). ``trouble`` is what happens to the answer of its submit. ``place`` tells
    the position of one that waits for a runner.
    """

    __slots__ = (
        "_changed",
        "_early_result_requests",
        "_entered_at",
        "_run_started_at",
        "call",
        "created_at",
        "ended_at",
        "fault",
        "id",
        "ignores_polls",
        "inference_seconds",
        "job_options",
        "label",
        "position",
        "queue_position",
        "rendered",
        "seen_finished_at",
        "state",
        "steps",
        "units",
    )

    def __init__(
        self,
        id_: str,
        call: Call,
        rendered: RenderedOutcome,
        steps: Sequence[Step],
        now: float,
        *,
        inference_seconds: float | None = None,
        units: float | None = 1,
        label: str = "",
        job_options: JobOptions = DEFAULT_JOB_OPTIONS,
    ) -> None:
        self.id = id_
        self.call = call
        self.rendered = rendered
        self.steps = steps
        self.created_at = now
        self.ended_at: float | None = None
        self.inference_seconds = inference_seconds
        self.units = units
        self.label = label
        self.job_options = job_options
        self.fault: Fault | None = None
        self.queue_position: Callable[[], int] | None = None
        self.seen_finished_at: float | None = None
        self.ignores_polls = call.webhook is not None
        self.position = start_position(now)
        self.state = State.QUEUED
        self._run_started_at = now
        self._entered_at: list[float] = []
        self._changed: Signal | None = None
        self._early_result_requests = 0
        self._enter_step(start_position(now))
        self.advance_to(now)

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen to the job any more."""
        return self.ended_at is not None

    @property
    def is_waiting(self) -> bool:
        """Whether only a runner is missing."""
        return self.ended_at is None and self.steps[self.position.step].needs_runner

    @property
    def is_low_priority(self) -> bool:
        """Whether it yields to others."""
        return self.job_options.is_low_priority

    @property
    def is_past_polls(self) -> bool:
        """Whether more polls would not help: only time ends the present step, or nothing does."""
        if self.ended_at is not None:
            return False
        step = self.steps[self.position.step]
        return step.forever or self.position.polls >= step.polls

    @property
    def attempt(self) -> int:
        """Which attempt of the platform this is, counted from 1."""
        return 1 + sum(
            start_step <= self.position.step for start_step in self.job_options.attempt_starts
        )

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

    def notify(self) -> None:
        """Wake those who follow the job."""
        if self._changed is not None:
            self._changed.set()

    def next_boundary(self) -> float:
        """The instant at which time alone moves the job on; infinite if it does not."""
        if self.ended_at is not None:
            return math.inf
        boundary_at = boundary(self.steps, self.position, ignore_polls=self.ignores_polls)
        return (
            boundary_at
            if self.job_options is DEFAULT_JOB_OPTIONS
            else min(boundary_at, self._time_limit())
        )

    def advance_to(self, now: float) -> None:
        """Cross what time has passed."""
        if self.ended_at is not None:
            return
        if self.job_options is DEFAULT_JOB_OPTIONS:
            self._move_to(
                walk(self.steps, self.position, now, ignore_polls=self.ignores_polls), now
            )
            return
        while self.ended_at is None:
            boundary_at = boundary(self.steps, self.position, ignore_polls=self.ignores_polls)
            limit_at = self._time_limit()
            if min(boundary_at, limit_at) > now:
                return
            if boundary_at <= limit_at:
                self._enter_step(Position(self.position.step + 1, 0, boundary_at))
            else:
                self._expire(limit_at)

    def start(self, at: float) -> None:
        """A runner is free."""
        assert self.is_waiting, self.id
        self._enter_step(Position(self.position.step + 1, 0, at))
        self.advance_to(at)
        self.notify()

    def count_poll(self, now: float) -> None:
        """A status poll was answered."""
        self._early_result_requests = 0
        if self.job_options is not DEFAULT_JOB_OPTIONS:
            self.advance_to(now)
        if self.ended_at is None:
            self._move_to(
                count_poll(self.steps, self.position, now, ignore_polls=self.ignores_polls), now
            )

    def ignore_polls(self, now: float) -> None:
        """Wait for no more polls: from now on somebody follows the status as a stream."""
        self.advance_to(now)
        if not self.is_over and not self.ignores_polls:
            self.position = skip_polls(self.steps, self.position, now)
            self.ignores_polls = True

    def count_early_result(self, now: float) -> None:
        """The result was asked for too early.

        Some clients poll the result and never the status (AI SDK; protocol.md section 3.4). So from
        the second such ask in a row on, each counts as a poll; a single one changes nothing.
        """
        requests = self._early_result_requests + 1
        if requests > 1:
            self.count_poll(now)
        self._early_result_requests = requests

    def cancel(self, now: float) -> bool:
        """Ask the job to end; False if it has already completed."""
        self.advance_to(now)
        if (self.state, Event.CANCEL) not in TRANSITIONS:
            return False
        if self.ended_at is not None or self.job_options.cancel == "too-late":
            return True
        was_running = self.state is State.RUNNING
        self._apply(Event.ABORT if self.job_options.cancel == "honoured" else Event.CANCEL)
        if self.state is State.COMPLETED:
            self._end_early(now, outcome_of(CATALOG["cancelled_by_app"]))
        elif not was_running:
            self.ended_at = now
        return True

    def snapshot(
        self, *, with_logs: bool, step: int | None = None, is_window: bool = False
    ) -> Snapshot:
        """What the job shows now, or what it showed at an earlier step of its walk.

        With ``is_window`` its logs are those of that step alone.
        """
        current_step = self.position.step
        shown_step = current_step if step is None else min(step, current_step)
        logs = self._logs(shown_step if is_window else 0, shown_step) if with_logs else None
        has_ended_here = self.ended_at is not None and shown_step == current_step
        if shown_step < len(self.steps) and not has_ended_here:
            timeline_step = self.steps[shown_step]
            position = timeline_step.position
            if (
                timeline_step.needs_runner
                and self.queue_position is not None
                and shown_step == current_step
            ):
                position = self.queue_position()
            return Snapshot(timeline_step.state, self.id, position, logs)
        outcome = self.rendered.outcome
        seconds = self.inference_seconds if outcome.is_success else None
        return Snapshot(
            "COMPLETED", self.id, None, logs, seconds, outcome.error, outcome.error_type
        )

    def submit_snapshot(self) -> Snapshot:
        """What the submit answer shows: the first step, or IN_PROGRESS if there is none.

        Source: recorded (protocol.md section 3.1: a fast model is IN_PROGRESS at once).
        """
        if not self.steps:
            return Snapshot("IN_PROGRESS", self.id)
        first = self.steps[0]
        position = first.position
        if first.needs_runner and self.queue_position is not None:
            position = self.queue_position()
        return Snapshot(first.state, self.id, position)

    def _logs(self, first: int, last: int) -> tuple[LogLine, ...]:
        return tuple(
            LogLine(log.message, entered_at, log.level, log.source, log.labels)
            for step, entered_at in zip(
                self.steps[first : last + 1], self._entered_at[first:], strict=False
            )
            for log in step.logs
        )

    def _time_limit(self) -> float:
        """The instant at which patience with the present state ends."""
        if self.state is State.RUNNING:
            return add_seconds(self._run_started_at, self.job_options.max_run_seconds)
        return max(self.job_options.start_deadline, self.position.entered_at)

    def _expire(self, at: float) -> None:
        """It did not start or end in time. Source: protocol.md sections 3.4, 16 row 17."""
        name = "request_timeout" if self.state is State.RUNNING else "start_deadline"
        self._apply(Event.FINISH)
        self._end_early(at, outcome_of(CATALOG[name]))

    def _end_early(self, at: float, outcome: Outcome) -> None:
        """End otherwise than planned, in the step that it is in."""
        self.ended_at = at
        self.rendered = replace(self.rendered, outcome=outcome)
        self.units = None
        self.notify()

    def _move_to(self, target: Position, now: float) -> None:
        """Cross each step on the way, so that every one of them is an event of the table."""
        if target is self.position:
            return
        while self.position.step < target.step:
            current = self.position
            boundary_at = boundary(self.steps, current, ignore_polls=self.ignores_polls)
            next_step = current.step + 1
            entered_at = boundary_at if boundary_at <= now else now
            if next_step == target.step:
                entered_at = target.entered_at
            self._enter_step(Position(next_step, 0, entered_at))
        self.position = target

    def _enter_step(self, position: Position) -> None:
        self.position = position
        self._entered_at.append(position.entered_at)
        if is_completed(self.steps, position):
            self.ended_at = position.entered_at
            self._apply(Event.FINISH)
            return
        if self.state is State.QUEUED:
            self._run_started_at = position.entered_at
        self._apply(_EVENT_OF_STEP_STATE[self.steps[position.step].state])

    @property
    def started_at(self) -> float | None:
        """The instant at which it left the queue; None while it waits there."""
        return None if self.state is State.QUEUED else self._run_started_at

    def _apply(self, event: Event) -> None:
        self.state = TRANSITIONS[self.state, event]
