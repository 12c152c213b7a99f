"""Lists jobs, misses and files of a tenant."""

from __future__ import annotations

import math
from typing import Any

from fakefal.control.requests import ControlRequest, control_error
from fakefal.engine.core.journal import Miss
from fakefal.engine.queue.job import Job
from fakefal.scenario.compiled.environment import matches_glob


def list_jobs(request: ControlRequest) -> list[dict[str, Any]]:
    """The jobs that match the query, oldest first."""
    jobs = request.controls.jobs()
    if not request.query:
        return jobs
    from fakefal.control.schemas import JobParameters

    parameters = request.parse_query(JobParameters)
    selected = [
        job
        for job in jobs
        if (parameters.state is None or job["state"] in parameters.state)
        and (parameters.endpoint is None or matches_glob(parameters.endpoint, job["endpoint"]))
    ]
    return selected[-parameters.limit :]


def show_job(request: ControlRequest) -> dict[str, Any]:
    """One job with its input, timeline, logs and outcome; raises the 404 for an unknown id."""
    controls, request_id = request.controls, request.path_parameters["request_id"]
    job = controls.tenant.queue.jobs.get(request_id)
    if job is None:
        raise control_error(
            404, f'no job "{request_id}" for this key — GET /_fakefal/jobs lists them'
        )
    summary = next(
        candidate for candidate in controls.jobs() if candidate["request_id"] == request_id
    )
    return {**summary, **_job_details(job)}


def _job_details(job: Job) -> dict[str, Any]:
    outcome = job.rendered.outcome if job.is_over else None
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
        "logs": [line.body("documented") for line in snapshot.logs or ()],
        "status": None if outcome is None else outcome.status,
        "error": None if outcome is None else outcome.error,
        "error_type": None if outcome is None else outcome.error_type,
        "output": _to_json(outcome.body) if outcome is not None else None,
    }


def _to_json(body: Any) -> Any:
    """A body as JSON; a body that is not JSON, such as an HTML page, as text."""
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else body


def list_misses(request: ControlRequest) -> list[Any]:
    """The misses, oldest first: as text, or with ``details`` as objects."""
    if not request.query:
        return request.controls.misses()
    from fakefal.control.schemas import MissParameters

    parameters = request.parse_query(MissParameters)
    misses = request.tenant.journal.misses[-parameters.limit :]
    return [_miss_details(miss) if parameters.details else str(miss) for miss in misses]


def _miss_details(miss: Miss) -> dict[str, Any]:
    return {
        "text": str(miss),
        **miss.describe(),
        "nearest": [
            {
                "exchange": near.matched.label.strip('"'),
                "location": near.matched.location,
                "distance": near.distance,
                "difference": str(near.differences[0]),
                "differences": list(map(str, near.differences)),
            }
            for near in miss.nearest
        ],
    }


def list_files(request: ControlRequest) -> list[dict[str, Any]]:
    """Uploads and output files, oldest first."""
    return [file.body() for file in request.controls.files()]
