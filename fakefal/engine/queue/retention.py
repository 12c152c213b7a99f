"""How long the result of a job can be read."""

from __future__ import annotations

import math

from fakefal.engine.queue.job import Job

RESULT_TTL_SECONDS = 3600.0
LARGE_RESULT_BYTES = 10_000
LARGE_RESULT_TTL_SECONDS = 360.0
MAX_PAYLOAD_BYTES = 1_000_000
PAYLOAD_TTL_SECONDS = 30 * 86_400.0
MIN_TTL_SECONDS = min(RESULT_TTL_SECONDS, LARGE_RESULT_TTL_SECONDS, PAYLOAD_TTL_SECONDS)
"""No result is gone sooner, unless a reply or an app says so."""


def result_ttl_seconds(size: int, *, stores_payload: bool) -> float:
    """How long fal keeps a result of ``size`` bytes.

    About an hour. A large result is kept for about six minutes, after that its stored payload is
    read, unless it is too large to be stored or the caller disabled storing.
    Source: documented (docs/reference/protocol.md#retention)
    """
    if size < LARGE_RESULT_BYTES:
        return RESULT_TTL_SECONDS
    is_stored = stores_payload and size <= MAX_PAYLOAD_BYTES
    return PAYLOAD_TTL_SECONDS if is_stored else LARGE_RESULT_TTL_SECONDS


def result_ttl_of(job: Job) -> float:
    """How long the result of a finished job can be read: as scripted, or as fal keeps it."""
    ttl_seconds = job.job_options.result_ttl_seconds
    if ttl_seconds is not None:
        return ttl_seconds
    size = len(job.rendered.outcome.payload)
    return result_ttl_seconds(size, stores_payload=job.call.platform_options.stores_io)


def stored_until(job: Job) -> float:
    """The instant at which a job's result is gone, its stored payload included.

    Its webhook is retried until then. Infinite while the job has not ended.
    Source: documented (docs/reference/protocol.md#retention, docs/reference/webhooks.md#delivery)
    """
    if job.ended_at is None:
        return math.inf
    ttl_seconds = job.job_options.result_ttl_seconds
    if ttl_seconds is None:
        size = len(job.rendered.outcome.payload)
        stores_payload = job.call.platform_options.stores_io
        ttl_seconds = result_ttl_seconds(size, stores_payload=stores_payload)
        if stores_payload and size <= MAX_PAYLOAD_BYTES:
            ttl_seconds = PAYLOAD_TTL_SECONDS
    return job.ended_at + ttl_seconds
