"""A call that was answered, as the job that it becomes in the queue."""

from __future__ import annotations

import math
from dataclasses import replace

from fakefal.engine.calls.resolver import Answer
from fakefal.engine.core.clock import Clock
from fakefal.engine.queue.job import ORDINARY, Conduct, Job
from fakefal.engine.queue.retries import attempts_of, gated
from fakefal.protocol.core.call import Call
from fakefal.protocol.core.platform_options import NO_WISHES
from fakefal.protocol.errors.catalog import outcome_of
from fakefal.scenario.compiled.environment import USUAL_APP, App
from fakefal.scenario.compiled.reply import Ending, Plan
from fakefal.scenario.compiled.timeline import Step
from fakefal.scenario.values.seeded import generated_seconds


def make_job(
    call: Call, answer: Answer, clock: Clock, app: App, *, in_line: bool, tells_error: bool
) -> Job:
    """The job of a call. ``in_line`` makes it wait for a runner before it runs.

    ``tells_error``: whether a model's own failure shows in the status (protocol.md section 16 row
    5).
    """
    plan, ending = answer.plan, answer.ending
    steps: tuple[Step, ...] = plan.steps
    conduct = ORDINARY
    usual = plan.is_usual and call.wishes is NO_WISHES and app is USUAL_APP and not in_line
    now = clock.now()
    units = answer.units
    if not usual:
        attempts = attempts_of(steps, plan.retrying, call.wishes)
        steps = attempts.steps
        if attempts.failure is not None:
            ending, units = replace(ending, outcome=outcome_of(attempts.failure)), None
        if plan.is_default_timeline and app.strangers and not in_line:
            steps = tuple(
                replace(it, position=app.strangers) if it.position == 0 else it for it in steps
            )
        marks = attempts.marks
        if in_line:
            steps, marks = gated(steps, marks, is_default=plan.is_default_timeline)
        conduct = _conduct(call, plan, clock, app, marks)
    seconds = plan.inference_seconds
    if seconds is None:
        seconds = generated_seconds(answer.request_id)
    job = Job(
        answer.request_id,
        call,
        _as_told(ending, tells_error=tells_error),
        steps,
        now,
        inference_seconds=seconds,
        units=units,
        label=answer.label,
        conduct=conduct,
    )
    job.trouble = answer.trouble
    return job


def _conduct(call: Call, plan: Plan, clock: Clock, app: App, marks: tuple[int, ...]) -> Conduct:
    wishes = call.wishes
    deadline = math.inf
    if wishes.start_seconds < math.inf:
        deadline = clock.later(clock.now(), wishes.start_seconds)
    return Conduct(
        deadline,
        app.request_seconds,
        plan.cancel or app.cancel or "ignored",
        marks,
        wishes.is_low,
        plan.keep_seconds,
        plan.faults,
    )


def _as_told(ending: Ending, *, tells_error: bool) -> Ending:
    outcome = ending.outcome
    if outcome.error is None or outcome.error_type or tells_error:
        return ending
    return replace(ending, outcome=replace(outcome, error=None))
