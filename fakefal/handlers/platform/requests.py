"""Requests of a key: listed, searched, their payloads deleted.

Source of all routes: documented (docs/reference/platform-api.md).
"""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.engine.usage import UsageLedger, UsageRecord
from fakefal.handlers.http import HttpResponse, Request
from fakefal.handlers.platform.access import idempotent, require, respond, with_reachable_urls
from fakefal.handlers.platform.usage import select_records
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.platform_api.platform import (
    ListQuery,
    format_instant,
    resource_not_found,
    status_matches,
)

_STATUSES = ("success", "user_error", "error")


async def list_requests(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /models/requests/by-endpoint``: the requests to endpoints, newest first."""
    records, paging = page_of_requests(request)
    payloads = "payloads" in ListQuery(request.address.query).get_list("expand")
    items = [request_item(request, record, payloads=payloads) for record in records]
    return respond({**paging, "items": items})


def page_of_requests(
    request: Request, minimum: int = 1
) -> tuple[list[UsageRecord], dict[str, Json]]:
    """The requests that a query selects, and the fields about the next page.

    ``minimum`` is the number of endpoints that it must name.
    """
    tenant = require(request, "requests")
    ledger, query = UsageLedger(tenant), ListQuery(request.address.query)
    query.endpoints(minimum=minimum)
    status = query.choice("status", _STATUSES)
    request_id = query.get("request_id")
    records, _ = select_records(tenant, ledger, query)
    records = [
        record
        for record in records
        if (status is None or (record.status is not None and status_matches(record.status, status)))
        and request_id in (None, record.request_id)
    ]
    if query.choice("sort_by", ("ended_at", "duration")) == "duration":
        records.sort(key=lambda record: record.duration or 0.0, reverse=True)
    return query.page(records)


async def search_requests(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /models/requests/search``: requests whose payloads contain the words of ``query``.

    fal compares meanings; here every word must occur, or the URL that is searched.
    """
    tenant = require(request, "requests")
    query = ListQuery(request.address.query)
    words = (query.get("query") or "").lower().split()
    words += [url.lower() for name in ("image_url", "video_url") if (url := query.get(name))]
    endpoints = {*query.endpoints(), *query.get_list("endpoint")}
    results = []
    for record in UsageLedger(tenant).requests():
        item = request_item(request, record, payloads=True)
        text = encode([item["json_input"], item["json_output"]]).decode().lower()
        if all(word in text for word in words) and (not endpoints or record.endpoint in endpoints):
            results.append({**item, "similarity": 1.0} if words else item)
    page, paging = query.page(results)
    return respond({**paging, "results": page})


def request_item(request: Request, record: UsageRecord, *, payloads: bool) -> dict[str, Json]:
    """A request as lists show it; one that has not started has the time at which it was sent."""
    started_at = record.sent_at if record.started_at is None else record.started_at
    item: dict[str, Json] = {
        "request_id": record.request_id,
        "endpoint_id": record.endpoint,
        "sent_at": format_instant(record.sent_at),
        "started_at": format_instant(started_at),
        "ended_at": None if record.ended_at is None else format_instant(record.ended_at),
        "status_code": record.status,
        "duration": record.duration,
    }
    if payloads:
        item["json_input"] = with_reachable_urls(request, record.input)
        item["json_output"] = with_reachable_urls(request, record.output)
    return item


@idempotent
async def delete_payloads(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``DELETE /models/requests/{id}/payloads``: deletes the result and files of a request."""
    deleted_urls = UsageLedger(require(request, "keys")).forget(parts["id"])
    if deleted_urls is None:
        raise resource_not_found("Request not found")
    deleted = [{"link": request.public_url(link), "exception": None} for link in deleted_urls]
    return respond({"cdn_delete_results": deleted})
