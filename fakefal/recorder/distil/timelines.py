"""Builds the timeline of a queue request from the statuses that the client saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from fakefal.protocol import sse
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import decode
from fakefal.protocol.queue import wants_logs
from fakefal.recorder.capture.captures import Capture
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.timing import format_seconds
from fakefal.scenario.model.timeline import LogLevel

MAX_COUNTED_POLLS = 5
"""A step seen in at most this many polls lasts exactly as many polls in the replay. One seen more
often was a wait: it lasts its time, and a single poll under an instant clock."""

_LOG_LEVELS: tuple[str, ...] = get_args(LogLevel)


@dataclass(frozen=True, slots=True)
class StatusObservation:
    """One status that the client saw, ``seconds`` after the submit.

    ``logs`` is None if they were not requested. ``is_poll`` False is an event of a status stream,
    or the response of a submit.
    """

    seconds: float
    state: str
    position: int | None = None
    logs: tuple[Json, ...] | None = None
    is_poll: bool = True
    body: dict[str, Json] = field(default_factory=dict, compare=False)


@dataclass(slots=True)
class _Step:
    state: str
    position: int | None
    last_seen: float
    polls: int
    is_streamed: bool
    logs: list[Json] = field(default_factory=list)
    left_seconds: float | None = None
    previous_seen: float = 0.0

    @property
    def is_counted(self) -> bool:
        """Whether the replay leaves it after a number of polls, not only after a time."""
        return 0 < self.polls <= MAX_COUNTED_POLLS


def observations_of(
    statuses: Sequence[Capture], streams: Sequence[Capture], submitted_at: float
) -> list[StatusObservation]:
    """Every valid status in polls and status streams, in the order of time."""
    observations = [
        observation
        for capture in statuses
        for observation in _polled_observations(capture, submitted_at)
    ]
    for capture in streams:
        observations += _streamed_observations(capture, submitted_at)
    return sorted(observations, key=lambda observation: observation.seconds)


def observation_of(
    value: Json, seconds: float, *, is_poll: bool, has_logs: bool
) -> StatusObservation | None:
    """An observation from the body of a status; None if it is not a status."""
    if not isinstance(value, dict) or value.get("status") not in _STATES:
        return None
    position = value.get("queue_position")
    logs = value.get("logs")
    return StatusObservation(
        seconds,
        str(value["status"]),
        position if isinstance(position, int) and position >= 0 else None,
        tuple(logs) if isinstance(logs, list) and has_logs else None,
        is_poll,
        value,
    )


_STATES = ("IN_QUEUE", "IN_PROGRESS", "COMPLETED")


def _polled_observations(capture: Capture, submitted_at: float) -> list[StatusObservation]:
    if capture.response.status not in (200, 202):
        return []
    try:
        body = capture.response.json()
    except ValueError:
        return []
    has_logs = wants_logs(capture.request.parameter("logs"))
    observation = observation_of(
        body, capture.ended - submitted_at, is_poll=True, has_logs=has_logs
    )
    return [] if observation is None else [observation]


def _streamed_observations(capture: Capture, submitted_at: float) -> list[StatusObservation]:
    """The events of a status stream; each has only new logs, which are joined as in polls."""
    decoder = sse.Decoder()
    has_logs = wants_logs(capture.request.parameter("logs"))
    observations: list[StatusObservation] = []
    logs: tuple[Json, ...] = ()
    for after, data in capture.response.pieces:
        for event in decoder.feed(data):
            try:
                value = decode(event.data.encode())
            except ValueError:
                continue
            seconds = capture.at + after - submitted_at
            observation = observation_of(value, seconds, is_poll=False, has_logs=has_logs)
            if observation is None:
                continue
            logs += observation.logs or ()
            cumulative_logs = logs if observation.logs is not None else None
            observations.append(
                StatusObservation(
                    seconds,
                    observation.state,
                    observation.position,
                    cumulative_logs,
                    False,
                    observation.body,
                )
            )
    return observations


def steps_of(
    submitted: StatusObservation | None,
    observations: Sequence[StatusObservation],
    redactor: Redactor,
) -> list[dict[str, Any]]:
    """The timeline of a request from its submit and the statuses seen since.

    If COMPLETED was never seen, the last step lasts forever.
    """
    steps = []
    entered_seconds = 0.0
    for step in _walk(submitted, observations):
        if step.left_seconds is None:
            steps.append({step.state: _step_detail(step, redactor, forever=True)})
            break
        seconds = max(0.0, step.left_seconds - entered_seconds)
        steps.append({step.state: _step_detail(step, redactor, seconds=seconds)})
        entered_seconds = max(
            entered_seconds + round(seconds, 3), step.last_seen if step.is_counted else 0.0
        )
    return steps


def _walk(
    submitted: StatusObservation | None, observations: Sequence[StatusObservation]
) -> list[_Step]:
    """The steps, each with the time after which the replay may leave it.

    A step with counted polls ends with its last poll, so its time must be over before that poll:
    halfway from the poll before. A step that ends by time ended somewhere between two polls:
    halfway is farthest from both. A state that only the submit showed lasts no time.
    """
    steps: list[_Step] = []
    seen_logs: list[Json] = []
    previous_seen = 0.0
    for observation in ([submitted] if submitted is not None else []) + list(observations):
        new_logs = _new_logs(observation, seen_logs)
        seen_logs += new_logs
        step = steps[-1] if steps else None
        is_completed = observation.state == "COMPLETED"
        is_same_step = step is not None and (step.state, step.position) == (
            observation.state,
            observation.position,
        )
        if step is not None and (is_completed or new_logs or not is_same_step):
            step.left_seconds = _leave_seconds(step, observation)
            if is_same_step and not step.polls and not step.is_streamed and not step.logs:
                steps.pop()  # the submit's own status adds nothing to this poll
        if is_completed:
            if new_logs:  # logs that appear only with COMPLETED need a step to carry them
                final_logs = _Step("IN_PROGRESS", None, observation.seconds, 0, True, new_logs)
                final_logs.left_seconds = 0.0
                steps.append(final_logs)
            break
        if step is None or new_logs or not is_same_step:
            step = _Step(
                observation.state,
                observation.position,
                observation.seconds,
                0,
                not observation.is_poll,
                new_logs,
            )
            step.is_streamed = step.is_streamed and observation is not submitted
            steps.append(step)
        step.previous_seen, step.last_seen = previous_seen, observation.seconds
        step.polls += observation.is_poll
        previous_seen = observation.seconds
    return steps


def _leave_seconds(step: _Step, observation: StatusObservation) -> float:
    if step.is_counted:
        return (step.previous_seen + step.last_seen) / 2
    if not observation.is_poll:
        return observation.seconds
    if not step.polls and not step.is_streamed:
        return 0.0
    return (step.last_seen + observation.seconds) / 2


def _new_logs(observation: StatusObservation, seen_logs: list[Json]) -> list[Json]:
    """The logs that no earlier status had."""
    logs = list(observation.logs or ())
    if logs[: len(seen_logs)] == seen_logs:
        return logs[len(seen_logs) :]
    return [log for log in logs if log not in seen_logs]  # only the newest logs are sent


def _step_detail(
    step: _Step, redactor: Redactor, *, seconds: float = 0.0, forever: bool = False
) -> dict[str, Any]:
    detail: dict[str, Any] = {}
    if step.state == "IN_QUEUE":
        detail["position"] = step.position or 0
    if forever:
        detail["forever"] = True
    else:
        if step.is_counted:
            detail["polls"] = step.polls
        elif step.polls:
            detail["polls"] = 1
        detail["for"] = format_seconds(seconds)
    if step.logs:
        detail["logs"] = [_log_line(log, redactor) for log in step.logs]
    return detail


def _log_line(log: Json, redactor: Redactor) -> Json:
    if not isinstance(log, dict):
        return redactor.redact_text(str(log))
    message = redactor.redact_text(str(log.get("message", "")))
    line: dict[str, Any] = {"message": message}
    labels = log.get("labels")
    labels = dict(labels) if isinstance(labels, dict) else {}
    own_level, own_source = labels.pop("level", "INFO"), labels.pop("source", None)
    level = str(log.get("level", own_level)).upper()
    if level != "INFO" and level in _LOG_LEVELS:
        line["level"] = level
    source = log.get("source", own_source)
    if isinstance(source, str) and source not in ("", "USER"):
        line["source"] = source
    if labels:
        line["labels"] = {
            redactor.redact_text(str(name)): redactor.redact_text(str(labels[name]))
            for name in sorted(labels)
        }
    return message if len(line) == 1 else line
