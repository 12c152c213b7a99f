"""queue.fal.run: submit, status, status stream, result, cancel."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from fakefal.addressing import url_for
from fakefal.engine.queue.status_stream import StatusStream
from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import (
    EVENT_STREAM_HEADERS,
    BufferedResponse,
    EventStreamResponse,
    HttpResponse,
    Request,
    caller_of,
    endpoint_of,
    granted_tenant,
    read_call,
    response_for_outcome,
)
from fakefal.protocol import sse
from fakefal.protocol.core.compat_flags import LogEntries
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.core.hosts import QUEUE
from fakefal.protocol.core.json_codec import encode, encode_ascii
from fakefal.protocol.errors.errors import not_found, path_in_request_url
from fakefal.protocol.queue import (
    ALREADY_COMPLETED,
    CANCELLATION_REQUESTED,
    SUCCESS,
    QueueUrls,
    cancel_status,
    request_urls,
    status_body,
    status_code,
    too_early_body,
    wants_logs,
)


async def submit(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /{endpoint}``: 200 with the job's id and URLs.

    Source: recorded (docs/reference/protocol.md#submit).
    """
    tenant, endpoint = caller_of(request, parts["endpoint"], QUEUE)
    call = read_call(request, endpoint, "queue")
    if tenant.resolver.has_callables:
        await tenant.resolver.prepare(call, "submit")
    job = tenant.submit(call)
    if job.call.webhook is not None:
        await tenant.wait_early_webhook(job)
    urls = _urls(request, tenant, endpoint.app, job.id)
    body = encode(status_body(job.submit_snapshot(), urls))
    return BufferedResponse(200, body, request_id=job.id, fault=job.fault)


async def status(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET …/status``: 202 until COMPLETED, then 200.

    Source: recorded (docs/reference/protocol.md#status).
    """
    tenant, app, request_id = _find_job(request, parts)
    with_logs = bool(request.address.query) and wants_logs(request.parameter("logs"))
    snapshot = tenant.status(app, request_id, with_logs=with_logs, carrier=request)
    log_entries = tenant.settings.flags.log_entries
    body = status_body(snapshot, _urls(request, tenant, app, request_id), log_entries)
    code = status_code(snapshot.status)
    return BufferedResponse(code, encode(body), request_id=request_id)


async def status_stream(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET …/status/stream``: an event for each change of the status.

    Source: documented (docs/reference/protocol.md#status-stream).
    """
    if request.tenant is None:
        request.tenant = granted_tenant(request, endpoint_of(parts["endpoint"], QUEUE))
    tenant, app, request_id = _find_job(request, parts)
    with_logs = wants_logs(request.parameter("logs"))
    watch = tenant.stream_status(app, request_id, with_logs=with_logs, carrier=request)
    urls = _urls(request, tenant, app, request_id)
    flags = tenant.settings.flags
    framing = sse.FRAMINGS.get(flags.status_sse, sse.DATA_LF)
    events = _status_events(watch, urls, framing, flags.log_entries)
    return EventStreamResponse(events, sse.CONTENT_TYPE, EVENT_STREAM_HEADERS, request_id)


async def _status_events(
    watch: StatusStream, urls: QueueUrls, framing: sse.Framing, log_entries: LogEntries
) -> AsyncGenerator[bytes, None]:
    while True:
        new_events = [
            framing.encode(encode_ascii(status_body(snapshot, urls, log_entries)))
            for snapshot in watch.new_snapshots()
        ]
        if new_events:
            yield b"".join(new_events)
        if watch.is_over:
            return
        if not await watch.wait():
            yield framing.comment("ping")


async def result(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET …/requests/{id}``: the bare output or the error; 400 before completion.

    Source: recorded (docs/reference/protocol.md#result).
    """
    tenant, app, request_id = _find_job(request, parts)
    job = tenant.result(app, request_id, carrier=request)
    if job is None:
        body = too_early_body(request_id, _urls(request, tenant, app, request_id))
        return BufferedResponse(400, encode(body), request_id=request_id)
    return response_for_outcome(request, job.rendered.outcome, request_id, job.units)


async def cancel(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``PUT …/cancel``: 202, or 400 after completion.

    Source: documented (docs/reference/protocol.md#cancel).
    """
    tenant, app, request_id = _find_job(request, parts)
    if not tenant.cancel(app, request_id, carrier=request):
        return BufferedResponse(400, encode(ALREADY_COMPLETED), request_id=request_id)
    answer = tenant.settings.flags.cancel_answer
    body = SUCCESS if answer == "success" else CANCELLATION_REQUESTED
    return BufferedResponse(cancel_status(answer), encode(body), request_id=request_id)


def _find_job(request: Request, parts: Mapping[str, str]) -> tuple[Tenant, str, str]:
    """Tenant, app and id of the addressed job; without a key every job is unknown.

    Source: inferred (docs/reference/open-questions.md#authentication-of-unknown-ids).
    """
    endpoint = parse_endpoint(parts["endpoint"]) or endpoint_of(parts["endpoint"], QUEUE)
    if request.tenant is None:
        raise not_found("no API key was sent")
    if endpoint.path and request.tenant.settings.flags.subpath == "refuse-405":
        raise path_in_request_url(endpoint.app)
    return request.tenant, endpoint.app, parts["id"]


def _urls(request: Request, tenant: Tenant, app: str, request_id: str) -> QueueUrls:
    suffix = tenant.settings.flags.response_suffix
    return request_urls(url_for(request.address, QUEUE, ""), app, request_id, suffix)
