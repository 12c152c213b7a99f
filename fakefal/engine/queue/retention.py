"""How long a result can be read."""

from __future__ import annotations

import math

from fakefal.engine.core.clock import Clock
from fakefal.engine.queue.job import Job

KEPT_SECONDS = 3600.0
LARGE_BYTES = 10_000
LARGE_KEPT_SECONDS = 360.0
STORED_BYTES = 1_000_000
STORED_SECONDS = 30 * 86_400.0


def keep_seconds(size: int, *, stores: bool) -> float:
    """How long fal keeps a result of so many bytes.

    About an hour; a large one about six minutes, and then as long as its stored payload, unless it
    is too large to be stored or the caller wished it not to be. Source: documented (protocol.md
    section 3.6).
    """
    if size < LARGE_BYTES:
        return KEPT_SECONDS
    return STORED_SECONDS if stores and size <= STORED_BYTES else LARGE_KEPT_SECONDS


def is_forgotten(job: Job, clock: Clock, now: float) -> bool:
    """Whether a finished job is kept no longer.

    A clock that waits for nobody leaps over hours that no test asked for: on it only the time
    counts that a test moved by.
    """
    if job.ended_at is None:
        return False
    kept = job.conduct.keep_seconds
    if kept is None:
        size = len(job.ending.outcome.payload)
        kept = keep_seconds(size, stores=job.call.wishes.stores)
    if clock.kind != "instant":
        return now - job.ended_at >= kept
    if job.seen_over is None:
        job.seen_over = clock.told()
    return clock.told() - job.seen_over >= kept


def stored_until(job: Job) -> float:
    """The instant from which nothing is left of a job's result, its stored payload included.

    So long its webhook is tried again. Infinite while the job has not ended. Source: documented
    (protocol.md sections 3.6, 8).
    """
    if job.ended_at is None:
        return math.inf
    kept = job.conduct.keep_seconds
    if kept is None:
        size = len(job.ending.outcome.payload)
        stores = job.call.wishes.stores
        kept = keep_seconds(size, stores=stores)
        if stores and size <= STORED_BYTES:
            kept = STORED_SECONDS
    return job.ended_at + kept
