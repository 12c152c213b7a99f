"""Builds the queue job for a resolved call."""

from __future__ import annotations

import math
from dataclasses import replace

from fakefal.engine.calls.resolver import CallResolver, Resolution
from fakefal.engine.queue.job import Job
from fakefal.engine.queue.job_options import DEFAULT_JOB_OPTIONS, JobOptions
from fakefal.engine.queue.queue import Queue
from fakefal.engine.queue.retries import attempts_of, with_runner_waits
from fakefal.protocol.core.call import Call, Outcome
from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.protocol.core.platform_options import DEFAULT_OPTIONS
from fakefal.protocol.errors import errors
from fakefal.protocol.errors.catalog import outcome_of
from fakefal.protocol.queue import CANCELLED_STATUS
from fakefal.scenario.compiled.environment import DEFAULT_APP, App
from fakefal.scenario.compiled.reply import CompiledReply, RenderedOutcome
from fakefal.scenario.compiled.timeline import Step, add_seconds
from fakefal.scenario.values.seeded import seeded_inference_seconds


def make_job(
    call: Call,
    resolution: Resolution,
    now: float,
    app: App,
    *,
    waits_for_runner: bool,
    flags: CompatFlags,
) -> Job:
    """Create the job of a call; with ``waits_for_runner`` it needs a runner for each run.

    ``flags`` decide whether the error of a failed model is in the status too (source:
    docs/reference/open-questions.md#model-errors-in-the-status), and the default timeline.
    """
    reply, rendered = resolution.reply, resolution.rendered
    steps = reply.timeline
    if flags.default_timeline == "none":
        steps = _scripted_steps(reply, app)
    job_options = DEFAULT_JOB_OPTIONS
    units = resolution.units
    is_default_call = call.platform_options is DEFAULT_OPTIONS and app is DEFAULT_APP
    if waits_for_runner or not is_default_call or not reply.has_default_options:
        attempts = attempts_of(steps, reply.runner_retries, call.platform_options)
        steps = attempts.steps
        if attempts.failure is not None:
            rendered, units = replace(rendered, outcome=outcome_of(attempts.failure)), None
        if reply.has_default_timeline and app.foreign_queue_length and not waits_for_runner:
            steps = _behind_others(steps, app.foreign_queue_length)
        attempt_starts = attempts.attempt_starts
        if waits_for_runner:
            steps, attempt_starts = with_runner_waits(
                steps, attempt_starts, is_default=reply.has_default_timeline
            )
        job_options = _job_options(call, reply, now, app, attempt_starts)
    job = Job(
        resolution.request_id,
        call,
        _without_error_text(rendered, reply, flags),
        steps,
        now,
        inference_seconds=_inference_seconds(resolution, rendered.outcome),
        units=units,
        label=resolution.label,
        job_options=job_options,
    )
    job.fault = resolution.fault
    return job


def check_queue_length(
    queue: Queue, resolver: CallResolver, app: App, call: Call, now: float
) -> None:
    """Reject a call if the queue is longer than the call allows.

    Source: docs/reference/protocol.md#submit
    """
    max_length = call.platform_options.max_queue_length
    queue_length = app.foreign_queue_length + queue.waiting_count(call.endpoint.app, now)
    if queue_length > max_length:
        note = f"{queue_length} requests are waiting, at most {max_length:.0f} are allowed"
        raise resolver.reject(call, errors.queue_full(queue_length, int(max_length)), note)


def _inference_seconds(resolution: Resolution, outcome: Outcome) -> float | None:
    """What ``metrics.inference_time`` shows: scripted, or derived from the request id.

    A failure of the platform has none unless it is scripted; one of the model and a cancelled run
    have it. Source: recorded (docs/reference/open-questions.md#metrics-of-failed-requests).
    """
    seconds = resolution.reply.inference_seconds
    if seconds is not None or (outcome.error_type and outcome.status != CANCELLED_STATUS):
        return seconds
    return seeded_inference_seconds(resolution.request_id)


def _behind_others(steps: tuple[Step, ...], position: int) -> tuple[Step, ...]:
    """The steps of a job that queues behind requests of other users."""
    return tuple(replace(step, position=position) if step.position == 0 else step for step in steps)


def _scripted_steps(reply: CompiledReply, app: App) -> tuple[Step, ...]:
    """The steps without a default timeline, unless others wait before the job."""
    is_absent = reply.has_default_timeline and not app.foreign_queue_length
    return () if is_absent else reply.timeline


def _job_options(
    call: Call, reply: CompiledReply, now: float, app: App, attempt_starts: tuple[int, ...]
) -> JobOptions:
    options = call.platform_options
    deadline = math.inf
    if options.start_timeout_seconds < math.inf:
        deadline = add_seconds(now, options.start_timeout_seconds)
    return JobOptions(
        deadline,
        app.request_seconds,
        reply.cancel or app.cancel or "ignored",
        attempt_starts,
        options.is_low_priority,
        reply.result_ttl_seconds,
        reply.faults,
    )


def _without_error_text(
    rendered: RenderedOutcome, reply: CompiledReply, flags: CompatFlags
) -> RenderedOutcome:
    outcome, shows_error = rendered.outcome, reply.error_in_status
    if shows_error is None:
        shows_error = flags.error_in_status
    if outcome.error is None or outcome.error_type or shows_error:
        return rendered
    return replace(rendered, outcome=replace(outcome, error=None))
