"""The queue job and its state machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum

from fakefal.engine.core.clock import Signal
from fakefal.engine.core.request_ids import uuid7
from fakefal.engine.queue.job_options import DEFAULT_JOB_OPTIONS, JobOptions
from fakefal.protocol.core.call import Call, Outcome
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.errors.errors import request_error
from fakefal.protocol.errors.fault import Fault
from fakefal.protocol.queue import CANCELLED_ERROR, CANCELLED_STATUS, LogLine, Snapshot
from fakefal.scenario.compiled import timeline
from fakefal.scenario.compiled.reply import RenderedOutcome
from fakefal.scenario.compiled.timeline import Position, Step
from fakefal.scenario.values.seeded import digest

# The state machine of a job
#
# Rule 1 (h11 has the same one for connections): everything that moves a job is in this module, and
# as much of it as possible in the table TRANSITIONS. Other modules call ``advance_to``,
# ``count_poll``, ``start`` or ``cancel``; none of them assigns ``state`` or ``ended_at``.
#
# A job walks the steps of its timeline. Entering a step is an event: WAIT for an IN_QUEUE step, RUN
# for an IN_PROGRESS step, FINISH after the last one. What ends a step is not in the table: elapsed
# time and status polls (``scenario/compiled/timeline.py``), a free runner (``runners.py``), or one
# of the two time limits, which cause FINISH early. The other events come from the caller: CANCEL
# is a cancel that a running app ignores, ABORT one that it accepts.
#
# fal's API shows three statuses only: QUEUED is IN_QUEUE, RUNNING is IN_PROGRESS, and both
# COMPLETED and CANCELLED are COMPLETED. A pair of state and event that is missing in the table is a
# bug of fakefal and raises TransitionError, with one exception: a cancel of a COMPLETED job is an
# ordinary request, which fal rejects, so ``cancel`` returns False.
#
# ARCHITECTURE.md shows the state diagram. It is generated from this table, so TRANSITIONS has to
# stay a literal of plain data.


class State(Enum):
    """The state of a job; COMPLETED and CANCELLED are final."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Event(Enum):
    """What happens to a job."""

    WAIT = "wait"  # it enters an IN_QUEUE step
    RUN = "run"  # it enters an IN_PROGRESS step
    FINISH = "finish"  # its last step ended, or a time limit passed
    CANCEL = "cancel"  # it was cancelled; a running app ignores it
    ABORT = "abort"  # it was cancelled; a running app accepts it


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
"""Every transition of a job.

A running job returns to the queue when the platform retries it. A cancel always ends a job that
still waits; a running app may ignore it (recorded) or abort. A repeated cancel is harmless, as
clients retry cancels (client).

Source: docs/reference/protocol.md#cancel, docs/reference/protocol.md#limits-and-retries
"""

_EVENT_OF_STEP_STATE = {"IN_QUEUE": Event.WAIT, "IN_PROGRESS": Event.RUN}


class TransitionError(RuntimeError):
    """An event that is not possible in the state of a job: a bug of fakefal."""

    def __init__(self, request_id: str, state: State, event: Event) -> None:
        super().__init__(
            f'job {request_id}: event "{event.value}" is not possible in state "{state.value}"'
        )


class Job:
    """An admitted queue request.

    Its state is computed lazily: ``advance_to`` crosses every boundary that has passed, each at its
    own instant. ``ignores_polls`` is set where the caller does not poll: with a webhook or a status
    stream. ``fault`` is applied to the response of the submit. ``queue_position``, if set, returns
    the position of a job that waits for a runner.
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
        self.position = start = Position(0, 0, now)
        self.state = State.QUEUED
        self._run_started_at = now
        self._entered_at: list[float] = []
        self._changed: Signal | None = None
        self._early_result_requests = 0
        self._enter_step(start)
        if self.ended_at is None:
            self.advance_to(now)

    @property
    def is_over(self) -> bool:
        """Whether the job has ended."""
        return self.ended_at is not None

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a runner."""
        return self.ended_at is None and self.steps[self.position.step].needs_runner

    @property
    def is_past_polls(self) -> bool:
        """Whether more polls do not end the current step: only time does, or nothing."""
        if self.ended_at is not None:
            return False
        step = self.steps[self.position.step]
        return step.forever or self.position.polls >= step.polls

    @property
    def started_at(self) -> float | None:
        """The instant at which it left the queue; None before that."""
        return None if self.state is State.QUEUED else self._run_started_at

    @property
    def attempt(self) -> int:
        """The number of the platform's current attempt, from 1."""
        starts = self.job_options.attempt_starts
        return 1 + sum(first_step <= self.position.step for first_step in starts)

    @property
    def gateway_id(self) -> str:
        """The id of the current attempt: the request id for the first, another for each retry.

        Source: documented (docs/reference/webhooks.md#payload)
        """
        attempt = self.attempt
        if attempt == 1:
            return self.id
        return uuid7(int.from_bytes(digest("gateway", self.id, str(attempt))[:16], "big"))

    @property
    def changed(self) -> Signal:
        """Set when the job changes by other means than time and polls."""
        if self._changed is None:
            self._changed = Signal()
        return self._changed

    def notify(self) -> None:
        """Wake the tasks that wait for ``changed``."""
        if self._changed is not None:
            self._changed.set()

    def next_boundary(self) -> float:
        """The instant at which elapsed time ends the current step; infinite if it does not."""
        if self.ended_at is not None:
            return math.inf
        at = self._step_end()
        return at if self.job_options is DEFAULT_JOB_OPTIONS else min(at, self._time_limit())

    def advance_to(self, now: float) -> None:
        """Cross every boundary up to an instant."""
        if self.ended_at is not None:
            return
        if self.job_options is DEFAULT_JOB_OPTIONS:
            ignore_polls = self.ignores_polls
            target = timeline.walk(self.steps, self.position, now, ignore_polls=ignore_polls)
            self._move_to(target, now)
            return
        while self.ended_at is None:
            boundary_at = self._step_end()
            limit_at = self._time_limit()
            if min(boundary_at, limit_at) > now:
                return
            if boundary_at <= limit_at:
                self._enter_step(Position(self.position.step + 1, 0, boundary_at))
            else:
                self._expire(limit_at)

    def start(self, at: float) -> None:
        """Run on a free runner; the job must be waiting for one."""
        assert self.is_waiting, self.id
        self._enter_step(Position(self.position.step + 1, 0, at))
        self.advance_to(at)
        self.notify()

    def count_poll(self, now: float) -> None:
        """Count an answered status poll; it may end the current step."""
        self._early_result_requests = 0
        if self.job_options is not DEFAULT_JOB_OPTIONS:
            self.advance_to(now)
        if self.ended_at is None:
            ignore_polls = self.ignores_polls
            target = timeline.count_poll(self.steps, self.position, now, ignore_polls=ignore_polls)
            self._move_to(target, now)

    def ignore_polls(self, now: float) -> None:
        """Stop waiting for polls: the status is streamed from now on."""
        self.advance_to(now)
        if not self.is_over and not self.ignores_polls:
            self.position = timeline.skip_polls(self.steps, self.position, now)
            self.ignores_polls = True

    def count_early_result(self, now: float) -> None:
        """Count a request for the result that came before the end.

        Some clients poll the result and never the status (the AI SDK does). So the second such
        request in a row and each after it count as status polls; a single one changes nothing.
        Source: client (docs/reference/protocol.md#result)
        """
        count = self._early_result_requests + 1
        if count > 1:
            self.count_poll(now)
        self._early_result_requests = count  # ``count_poll`` has set it to 0

    def cancel(self, now: float) -> bool:
        """Cancel the job; False if it has already completed."""
        self.advance_to(now)
        if (self.state, Event.CANCEL) not in TRANSITIONS:
            return False
        if self.ended_at is not None or self.job_options.cancel == "too-late":
            return True  # "too-late": accepted without any effect
        self._apply(Event.CANCEL if self.job_options.cancel == "ignored" else Event.ABORT)
        if self.state is State.COMPLETED:
            self._end_early(now, outcome_of(CATALOG["cancelled_by_app"]))
        elif self.state is State.CANCELLED:
            # Source: docs/reference/open-questions.md#reads-after-cancel
            outcome = request_error(CATALOG["client_cancelled"], detail=CANCELLED_ERROR)
            self._end_early(now, outcome)
        return True

    def snapshot(
        self, *, with_logs: bool, step: int | None = None, is_window: bool = False
    ) -> Snapshot:
        """The status now, or at an earlier ``step``.

        With ``is_window`` the logs are those of that step only, else of all steps so far.
        """
        current_step = self.position.step
        shown_step = current_step if step is None else min(step, current_step)
        logs = self._logs(shown_step if is_window else 0, shown_step) if with_logs else None
        has_ended_here = self.ended_at is not None and shown_step == current_step
        if shown_step < len(self.steps) and not has_ended_here:
            timeline_step = self.steps[shown_step]
            position = timeline_step.position
            is_current = shown_step == current_step
            if timeline_step.needs_runner and self.queue_position is not None and is_current:
                position = self.queue_position()
            return Snapshot(timeline_step.state, self.id, position, logs)
        seconds, outcome = self.inference_seconds, self.rendered.outcome
        return Snapshot(
            "COMPLETED", self.id, None, logs, seconds, outcome.error, outcome.error_type
        )

    def submit_snapshot(self) -> Snapshot:
        """The status in the response of the submit: the first step, else IN_PROGRESS.

        A fast model is IN_PROGRESS from the beginning.
        Source: recorded (docs/reference/protocol.md#submit)
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
            LogLine(log.message, entered_at, log.level, log.source, log.labels, log.timestamp)
            for step, entered_at in zip(
                self.steps[first : last + 1], self._entered_at[first:], strict=False
            )
            for log in step.logs
        )

    def _step_end(self) -> float:
        """The instant at which elapsed time ends the current step, whatever the limits say."""
        return timeline.boundary(self.steps, self.position, ignore_polls=self.ignores_polls)

    def _time_limit(self) -> float:
        """The instant at which the job times out in its current state."""
        if self.state is State.RUNNING:
            return timeline.add_seconds(self._run_started_at, self.job_options.max_run_seconds)
        return max(self.job_options.start_deadline, self.position.entered_at)

    def _expire(self, at: float) -> None:
        # Source: docs/reference/open-questions.md#start-deadline-error-type
        name = "request_timeout" if self.state is State.RUNNING else "start_deadline"
        self._apply(Event.FINISH)
        self._end_early(at, outcome_of(CATALOG[name]))

    def _end_early(self, at: float, outcome: Outcome) -> None:
        """End in the current step, with another outcome than the scripted one."""
        self.ended_at = at
        self.rendered = replace(self.rendered, outcome=outcome)
        self.units = None
        if outcome.status != CANCELLED_STATUS or self.state is State.CANCELLED:
            self.inference_seconds = None
        self.notify()

    def _move_to(self, target: Position, now: float) -> None:
        """Enter each step up to the target, so that each one is an event of the table."""
        if target is self.position:
            return
        while self.position.step < target.step:
            current = self.position
            boundary_at = self._step_end()
            next_step = current.step + 1
            entered_at = boundary_at if boundary_at <= now else now
            if next_step == target.step:
                entered_at = target.entered_at
            self._enter_step(Position(next_step, 0, entered_at))
        self.position = target

    def _enter_step(self, position: Position) -> None:
        self.position = position
        self._entered_at.append(position.entered_at)
        if position.step >= len(self.steps):
            self.ended_at = position.entered_at
            self._apply(Event.FINISH)
            return
        if self.state is State.QUEUED:
            self._run_started_at = position.entered_at
        self._apply(_EVENT_OF_STEP_STATE[self.steps[position.step].state])

    def _apply(self, event: Event) -> None:
        """Move to the next state; raises TransitionError if the table has none."""
        state = TRANSITIONS.get((self.state, event))
        if state is None:
            raise TransitionError(self.id, self.state, event)
        self.state = state
