"""The steps of a request that the platform tries more than once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fakefal.protocol.core.platform_options import Wishes
from fakefal.protocol.errors.errors import ErrorEntry
from fakefal.scenario.compiled.reply import Retrying
from fakefal.scenario.compiled.timeline import Step

_REQUEUED = Step("IN_QUEUE", polls=1, position=0)
_REQUEUED_BRIEFLY = Step("IN_QUEUE", seconds=1.0, position=0)
"""Where all other steps end by time, this one does as well."""

GATE = Step("IN_QUEUE", position=0, forever=True, gate=True)
"""Waiting for a runner: it ends when one is free."""


class Attempts(NamedTuple):
    """``marks`` are the steps at which a new attempt begins; ``failure`` is that of the last."""

    steps: tuple[Step, ...]
    marks: tuple[int, ...] = ()
    failure: ErrorEntry | None = None


def attempts_of(steps: tuple[Step, ...], retrying: Retrying | None, wishes: Wishes) -> Attempts:
    """The steps with all attempts; every lost one goes back to the queue.

    The platform gives up after ten, or as the caller wished. Source: documented (protocol.md
    sections 3.7, 15).
    """
    if retrying is None:
        return Attempts(steps)
    retries = wishes.retries_for(retrying.error.name)
    failure = retrying.error if retrying.times > retries else None
    again = min(retrying.times, retries)
    queued = bool(steps) and steps[0].state == "IN_QUEUE"
    one = steps if steps else (Step("IN_PROGRESS", polls=1),)
    requeued = _REQUEUED if any(step.polls for step in one) else _REQUEUED_BRIEFLY
    found, marks = list(one), []
    for _ in range(again):
        marks.append(len(found))
        found += one if queued else (requeued, *one)
    return Attempts(tuple(found), tuple(marks), failure)


def gated(
    steps: Sequence[Step], marks: Sequence[int] = (), *, is_default: bool
) -> tuple[tuple[Step, ...], tuple[int, ...]]:
    """Steps that wait for a runner before each run, and where their attempts now begin.

    The queue of a default timeline is nothing but that waiting; scripted steps come before it.
    """
    found: list[Step] = []
    moved: list[int] = []
    for number, step in enumerate(steps):
        if number in marks:
            moved.append(len(found))
        if step.state == "IN_QUEUE":
            if not is_default:
                found.append(step)
        else:
            if number == 0 or steps[number - 1].state == "IN_QUEUE":
                found.append(GATE)
            found.append(step)
    return (tuple(found) if found else (GATE,)), tuple(moved)
