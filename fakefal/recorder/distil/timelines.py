"""What a client saw of a queued request, as the steps of a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fakefal.protocol import sse
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import decode
from fakefal.protocol.queue import logs_wanted
from fakefal.recorder.capture.captures import Capture
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.timing import written

MOST_POLLS = 5
"""A step that was seen no more often is shown as often again. What was seen more often was waiting:
it takes its time, and where time does not pass it is shown once."""

_LEVELS = ("STDERR", "STDOUT", "ERROR", "INFO", "WARN", "DEBUG")


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at a request, so many seconds after its submit. ``logs`` None were not asked for.

    ``is_poll`` False is an event of a status stream, or what a submit answered.
    """

    at: float
    state: str
    position: int | None = None
    logs: tuple[Json, ...] | None = None
    is_poll: bool = True
    body: dict[str, Json] = field(default_factory=dict, compare=False)


@dataclass(slots=True)
class _Step:
    state: str
    position: int | None
    last_at: float
    polls: int
    is_streamed: bool
    logs: list[Json] = field(default_factory=list)
    left_at: float | None = None
    before_at: float = 0.0

    @property
    def is_counted(self) -> bool:
        """Whether it is left after as many polls."""
        return 0 < self.polls <= MOST_POLLS


def sights_of(statuses: Sequence[Capture], streams: Sequence[Capture], began: float) -> list[Sight]:
    """Every look at a request that was answered, in the order of time."""
    found = [sight for capture in statuses for sight in _polled(capture, began)]
    for capture in streams:
        found += _streamed(capture, began)
    return sorted(found, key=lambda sight: sight.at)


def status_of(value: Json, at: float, *, is_poll: bool, with_logs: bool) -> Sight | None:
    """A look from the body of a status; None for a body that is none."""
    if not isinstance(value, dict) or value.get("status") not in _STATES:
        return None
    position = value.get("queue_position")
    logs = value.get("logs")
    return Sight(
        at,
        str(value["status"]),
        position if isinstance(position, int) and position >= 0 else None,
        tuple(logs) if isinstance(logs, list) and with_logs else None,
        is_poll,
        value,
    )


_STATES = ("IN_QUEUE", "IN_PROGRESS", "COMPLETED")


def _polled(capture: Capture, began: float) -> list[Sight]:
    if capture.heard.status not in (200, 202):
        return []
    try:
        body = capture.heard.json()
    except ValueError:
        return []
    wanted = logs_wanted(capture.asked.parameter("logs"))
    sight = status_of(body, capture.ended - began, is_poll=True, with_logs=wanted)
    return [] if sight is None else [sight]


def _streamed(capture: Capture, began: float) -> list[Sight]:
    """The events of a status stream; their logs are made cumulative, as polled ones are."""
    decoder = sse.Decoder()
    wanted = logs_wanted(capture.asked.parameter("logs"))
    found: list[Sight] = []
    logs: tuple[Json, ...] = ()
    for after, data in capture.heard.pieces:
        for event in decoder.feed(data):
            try:
                value = decode(event.data.encode())
            except ValueError:
                continue
            at = capture.at + after - began
            sight = status_of(value, at, is_poll=False, with_logs=wanted)
            if sight is None:
                continue
            logs += sight.logs or ()
            told = logs if sight.logs is not None else None
            found.append(Sight(at, sight.state, sight.position, told, False, sight.body))
    return found


def steps_of(
    submitted: Sight | None, sights: Sequence[Sight], redactor: Redactor
) -> list[dict[str, Any]]:
    """The timeline of a request, from what its submit answered and what was seen of it since.

    Where its end was not seen its last step lasts for ever.
    """
    found = []
    entered = 0.0
    for step in _walked(submitted, sights):
        if step.left_at is None:
            found.append({step.state: _detail(step, redactor, forever=True)})
            break
        seconds = max(0.0, step.left_at - entered)
        found.append({step.state: _detail(step, redactor, seconds=seconds)})
        entered = max(entered + round(seconds, 3), step.last_at if step.is_counted else 0.0)
    return found


def _walked(submitted: Sight | None, sights: Sequence[Sight]) -> list[_Step]:
    """The steps, each with the time after which it may be left.

    A step whose polls are counted is left by the last of them, so its time is over somewhat before:
    half way from the poll before. One that is left by time was left somewhere between two polls;
    half way is farthest from both. What only the submit showed was over before the first look.
    """
    steps: list[_Step] = []
    told: list[Json] = []
    before_at = 0.0
    for sight in ([submitted] if submitted is not None else []) + list(sights):
        fresh = _fresh(sight, told)
        told += fresh
        step = steps[-1] if steps else None
        is_over = sight.state == "COMPLETED"
        same = step is not None and (step.state, step.position) == (sight.state, sight.position)
        if step is not None and (is_over or fresh or not same):
            step.left_at = _left(step, sight)
            if same and not step.polls and not step.is_streamed and not step.logs:
                steps.pop()  # the submit showed no more than this look does
        if is_over:
            if fresh:  # of a step that is over at once
                late = _Step("IN_PROGRESS", None, sight.at, 0, True, fresh)
                late.left_at = 0.0
                steps.append(late)
            break
        if step is None or fresh or not same:
            step = _Step(sight.state, sight.position, sight.at, 0, not sight.is_poll, fresh)
            step.is_streamed = step.is_streamed and sight is not submitted
            steps.append(step)
        step.before_at, step.last_at = before_at, sight.at
        step.polls += sight.is_poll
        before_at = sight.at
    return steps


def _left(step: _Step, seen: Sight) -> float:
    if step.is_counted:
        return (step.before_at + step.last_at) / 2
    if not seen.is_poll:
        return seen.at
    if not step.polls and not step.is_streamed:
        return 0.0
    return (step.last_at + seen.at) / 2


def _fresh(sight: Sight, told: list[Json]) -> list[Json]:
    """The logs that were not there before."""
    logs = list(sight.logs or ())
    if logs[: len(told)] == told:
        return logs[len(told) :]
    return [log for log in logs if log not in told]  # they come as a moving window


def _detail(
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
        detail["for"] = written(seconds)
    if step.logs:
        detail["logs"] = [_log(log, redactor) for log in step.logs]
    return detail


def _log(log: Json, redactor: Redactor) -> Json:
    if not isinstance(log, dict):
        return redactor.text(str(log))
    message = redactor.text(str(log.get("message", "")))
    found: dict[str, Any] = {"message": message}
    level = str(log.get("level", "INFO")).upper()
    if level != "INFO" and level in _LEVELS:
        found["level"] = level
    source = log.get("source")
    if isinstance(source, str) and source not in ("", "USER"):
        found["source"] = source
    labels = log.get("labels")
    if isinstance(labels, dict) and labels:
        found["labels"] = {
            redactor.text(str(name)): redactor.text(str(labels[name])) for name in sorted(labels)
        }
    return message if len(found) == 1 else found
