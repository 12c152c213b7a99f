"""Serverless apps: their queues, usage, requests and logs.

Source of all routes: documented (docs/reference/platform-api.md), unless stated otherwise.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping

from fakefal.engine.queue.job import Job
from fakefal.engine.tenant import Tenant
from fakefal.engine.usage import UsageLedger
from fakefal.handlers.http import (
    EVENT_STREAM_HEADERS,
    BufferedResponse,
    EventStreamResponse,
    HttpResponse,
    Request,
)
from fakefal.handlers.platform.access import idempotent, require, respond, respond_plainly
from fakefal.handlers.platform.requests import page_of_requests, request_item
from fakefal.handlers.platform.usage import billed_units, select_records
from fakefal.protocol import sse
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import encode_ascii
from fakefal.protocol.platform_api.billing import cost_fields
from fakefal.protocol.platform_api.platform import CURRENCY, ListQuery, bucket_of, format_instant
from fakefal.protocol.queue import LogLine

_MACHINE_TYPE = "GPU-H100"
_REVISION = "fakefal"


async def list_apps(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /serverless/apps``: the apps that the scenarios name."""
    tenant, query = require(request, "serverless"), ListQuery(request.address.query)
    text = (query.get("search") or "").lower()
    by_app: dict[str, list[str]] = {}
    for endpoint in UsageLedger(tenant).endpoints():
        by_app.setdefault(endpoint.app, []).append(endpoint.text)
    apps: list[Json] = []
    for app, endpoints in sorted(by_app.items()):
        owner, _, name = app.partition("/")
        if text not in app.lower():
            continue
        apps.append(
            {
                **{"endpoint_id": app, "name": name, "owner": owner, "environment": "main"},
                **{"machine_type": _MACHINE_TYPE, "auth_mode": "private", "keep_alive": 10},
                **{"min_concurrency": 0, "max_concurrency": 10, "request_timeout": 3600},
                **{"startup_timeout": 600, "valid_regions": ["us-east"]},
                "updated_at": format_instant(0),
                **({"endpoints": endpoints} if "endpoints" in query.get_list("expand") else {}),
            }
        )
    return respond({"apps": apps})


async def get_queue(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /serverless/apps/{owner}/{name}/queue``: the number of waiting requests."""
    return respond({"queue_size": _queue_size(require(request, "serverless"), parts)})


@idempotent
async def flush_queue(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``DELETE /serverless/apps/{owner}/{name}/queue``: cancels the waiting requests."""
    _flush(require(request, "serverless"), parts)
    return BufferedResponse(204, b"")


async def get_rest_queue(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /applications/{owner}/{name}/queue`` of rest.fal.ai, which ``fal queue size`` calls.

    Source: client (fal SDK cli/queue.py).
    """
    return respond_plainly({"size": _queue_size(require(request, "serverless"), parts)})


async def flush_rest_queue(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``DELETE`` of the same: a 200, as ``fal queue flush`` demands.

    Source: client (fal SDK cli/queue.py).
    """
    _flush(require(request, "serverless"), parts)
    return respond_plainly({})


def _queue_size(tenant: Tenant, parts: Mapping[str, str]) -> int:
    app = f"{parts['owner']}/{parts['name']}"
    return tenant.queue.waiting_count(app, tenant.clock.now())


def _flush(tenant: Tenant, parts: Mapping[str, str]) -> None:
    for job in tenant.queue.waiting_jobs(f"{parts['owner']}/{parts['name']}", tenant.clock.now()):
        tenant.cancel(job.call.endpoint.app, job.id)


async def get_usage(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /serverless/usage``: runner seconds, from the durations of requests."""
    tenant, query = require(request, "usage"), ListQuery(request.address.query)
    expand = query.get_list("expand") or ["time_series"]
    records, timeframe = select_records(tenant, UsageLedger(tenant), query)
    app = query.get("app")
    buckets: dict[str, dict[str, float]] = {}
    for record in records:
        name = "/".join(record.endpoint.split("/")[:2])
        if app is None or app in (name, name.partition("/")[2]):
            bucket = buckets.setdefault(bucket_of(record.sent_at, timeframe), {})
            bucket[name] = bucket.get(name, 0.0) + (record.duration or 0.0)
    series = [
        {"bucket": name, "results": list(map(_usage_row, sorted(seconds.items())))}
        for name, seconds in sorted(buckets.items())
    ]
    page, paging = query.page(series)
    body: dict[str, Json] = {}
    if "time_series" in expand:
        body["time_series"] = page
    if "summary" in expand:
        total: dict[str, float] = {}
        for seconds_by_app in buckets.values():
            for name, seconds in seconds_by_app.items():
                total[name] = total.get(name, 0.0) + seconds
        body["summary"] = list(map(_usage_row, sorted(total.items())))
    return respond({**paging, **body})


_SECOND_PRICE = 0.0005


def _usage_row(item: tuple[str, float]) -> Json:
    app, seconds = item
    return {
        **{"app": app.partition("/")[2], "environment": "main", "machine_type": _MACHINE_TYPE},
        **{"unit": "seconds", "quantity": round(seconds, 6), "unit_price": _SECOND_PRICE},
        **cost_fields(seconds, _SECOND_PRICE),
        **{"cost": round(seconds * _SECOND_PRICE, 9), "currency": CURRENCY, "is_surge": False},
    }


async def list_requests(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /serverless/requests/by-endpoint``: as of models, with runner and billed units."""
    records, paging = page_of_requests(request, minimum=0)
    payloads = "payloads" in ListQuery(request.address.query).get_list("expand")
    items = [
        {
            **request_item(request, record, payloads=payloads),
            "runner_id": None,
            "billable_units": billed_units(record),
        }
        for record in records
    ]
    return respond({"items": items, **paging})


async def list_logs(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /serverless/logs/history``: the log lines of jobs, newest first."""
    tenant, query = require(request, "serverless"), ListQuery(request.address.query)
    lines = sorted(_log_lines(tenant, query), key=lambda pair: -pair[1].at)
    page, paging = query.page([_log_body(job, line) for job, line in lines])
    return respond({"items": page, **paging})


async def stream_logs(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /serverless/logs/stream``: the same lines as server-sent events, oldest first.

    fal's stream stays open for new lines; this one ends with the last known line.
    """
    tenant, query = require(request, "serverless"), ListQuery(request.address.query)
    lines = sorted(_log_lines(tenant, query), key=lambda pair: pair[1].at)

    async def events() -> AsyncGenerator[bytes, None]:
        for job, line in lines:
            yield f"data: {encode_ascii(_log_body(job, line))}\n\n".encode()

    return EventStreamResponse(events(), sse.CONTENT_TYPE, EVENT_STREAM_HEADERS)


def _log_lines(tenant: Tenant, query: ListQuery) -> Iterator[tuple[Job, LogLine]]:
    request_id, app = query.get("request_id"), query.get("app_id")
    level, text = query.get("level"), (query.get("search") or "").lower()
    now = tenant.clock.now()
    for job in list(tenant.queue.jobs.values()):
        tenant.queue.advance_job(job, now)
        names = (job.call.endpoint.app, job.call.endpoint.alias)
        if request_id not in (None, job.id) or (app is not None and app not in names):
            continue
        for line in job.snapshot(with_logs=True).logs or ():
            if level in (None, line.level) and text in line.message.lower():
                yield job, line


def _log_body(job: Job, line: LogLine) -> dict[str, Json]:
    return {
        "timestamp": format_instant(line.at),
        "level": line.level,
        "message": line.message,
        "app": job.call.endpoint.alias,
        "revision": _REVISION,
        "labels": {"request_id": job.id, **dict(line.labels)},
    }
