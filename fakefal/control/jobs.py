"""Jobs, misses and files of a tenant."""

from __future__ import annotations

import math
from typing import Any

from fakefal.control.requests import Asked, refused
from fakefal.engine.core.journal import Miss
from fakefal.engine.queue.job import Job
from fakefal.scenario.compiled.environment import fits


def listed(asked: Asked) -> list[dict[str, Any]]:
    """The jobs that are asked for, oldest first, as they are now."""
    found = asked.controls.jobs()
    if not asked.query:
        return found
    from fakefal.control.schemas import JobParameters

    given = asked.parameters(JobParameters)
    chosen = [
        job
        for job in found
        if (given.state is None or job["state"] in given.state)
        and (given.endpoint is None or fits(given.endpoint, job["endpoint"]))
    ]
    return chosen[-given.limit :]


def one(asked: Asked) -> dict[str, Any]:
    """All about one job; raises the 404 of one that there is not."""
    controls, request_id = asked.controls, asked.parts["request_id"]
    job = controls.tenant.queue.jobs.get(request_id)
    if job is None:
        raise refused(404, f'no job "{request_id}" for this key — GET /_fakefal/jobs lists them')
    told = next(it for it in controls.jobs() if it["request_id"] == request_id)
    return {**told, **_details(job)}


def _details(job: Job) -> dict[str, Any]:
    outcome = job.ending.outcome if job.is_over else None
    snapshot = job.snapshot(with_logs=True)
    return {
        "input": job.call.input,
        "headers": dict(job.call.headers),
        "webhook": job.call.webhook,
        "timeline": [
            {
                "state": step.state,
                "polls": step.polls,
                "seconds": None if step.forever or math.isinf(step.seconds) else step.seconds,
                "queue_position": step.position,
            }
            for step in job.steps
        ],
        "step": job.position.step,
        "logs": [line.body() for line in snapshot.logs or ()],
        "status": None if outcome is None else outcome.status,
        "error": None if outcome is None else outcome.error,
        "error_type": None if outcome is None else outcome.error_type,
        "output": _output(outcome.body) if outcome is not None else None,
    }


def _output(body: Any) -> Any:
    """A body as JSON; a page that is none is told as text."""
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else body


def misses(asked: Asked) -> list[Any]:
    """The misses, oldest first: each as a line, or with the nearest exchanges as data."""
    if not asked.query:
        return asked.controls.misses()
    from fakefal.control.schemas import MissParameters

    given = asked.parameters(MissParameters)
    found = asked.tenant.journal.misses[-given.limit :]
    return [_detailed(miss) if given.details else str(miss) for miss in found]


def _detailed(miss: Miss) -> dict[str, Any]:
    return {
        "text": str(miss),
        "endpoint": miss.call.endpoint.text,
        "via": miss.call.via,
        "input": miss.call.input,
        "nearest": [
            {
                "exchange": near.entry.label.strip('"'),
                "place": near.entry.place,
                "distance": near.distance,
                "difference": str(near.difference),
            }
            for near in miss.nearest
        ],
    }


def files(asked: Asked) -> list[dict[str, Any]]:
    """The files that are kept, oldest first."""
    return [file.body() for file in asked.controls.files()]
