"""Usage, analytics and billing events: what the calls of a key cost.

Source of all routes: documented (docs/reference/platform-api.md).
"""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.engine.tenant import Tenant
from fakefal.engine.usage import UsageLedger, UsageRecord
from fakefal.handlers.http import HttpResponse, Request
from fakefal.handlers.platform.access import require, respond
from fakefal.protocol.core.call import Json
from fakefal.protocol.platform_api.billing import cost_fields, nano_dollars
from fakefal.protocol.platform_api.platform import (
    CURRENCY,
    TIMEFRAMES,
    ListQuery,
    bucket_of,
    format_instant,
    invalid_query,
    status_matches,
    timeframe_for,
)

_DAY_SECONDS = 86_400.0


async def get_usage(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /models/usage``: billed units over time; needs the permission for it."""
    tenant = require(request, "usage")
    ledger, query = UsageLedger(tenant), ListQuery(request.address.query)
    expand = query.get_list("expand") or ["time_series"]
    records, timeframe = select_records(tenant, ledger, query)
    billed = [record for record in records if record.status is not None and record.status < 400]
    buckets: dict[str, dict[str, float]] = {}
    for record in billed:
        bucket = buckets.setdefault(bucket_of(record.sent_at, timeframe), {})
        bucket[record.endpoint] = bucket.get(record.endpoint, 0.0) + billed_units(record)
    series = [
        {"bucket": name, "results": _usage_lines(ledger, bucket, expand)}
        for name, bucket in sorted(buckets.items())
    ]
    page, paging = query.page(series)
    body: dict[str, Json] = {}
    if "time_series" in expand:
        body["time_series"] = page
    if "summary" in expand:
        total: dict[str, float] = {}
        for record in billed:
            total[record.endpoint] = total.get(record.endpoint, 0.0) + billed_units(record)
        body["summary"] = _usage_lines(ledger, total, expand)
    return respond({**paging, **body})


def _usage_lines(ledger: UsageLedger, units: Mapping[str, float], expand: list[str]) -> list[Json]:
    lines = []
    for endpoint, quantity in sorted(units.items()):
        price, unit = ledger.price(endpoint)
        line = {
            "endpoint_id": endpoint,
            "unit": unit,
            "quantity": quantity,
            "unit_price": price,
            **cost_fields(quantity, price),
            "cost": round(quantity * price, 9),
            "currency": CURRENCY,
        }
        lines.append({**line, "auth_method": "fakefal"} if "auth_method" in expand else line)
    return lines


async def get_analytics(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /models/analytics``: counts of requests over time, by outcome."""
    tenant = require(request, "requests")
    ledger, query = UsageLedger(tenant), ListQuery(request.address.query)
    query.endpoints(minimum=1)
    records, timeframe = select_records(tenant, ledger, query)
    buckets: dict[str, dict[str, dict[str, int]]] = {}
    for record in records:
        bucket = buckets.setdefault(bucket_of(record.sent_at, timeframe), {})
        counts = bucket.setdefault(record.endpoint, dict.fromkeys(_COUNTS, 0))
        counts["request_count"] += 1
        for name, kind in _COUNT_STATUSES.items():
            counts[name] += record.status is not None and status_matches(record.status, kind)
    count_names = [name for name in query.get_list("expand") if name in _COUNTS] or [*_COUNTS]
    series = [
        {
            "bucket": name,
            "results": [
                {"endpoint_id": endpoint, **{count: counts[count] for count in count_names}}
                for endpoint, counts in sorted(bucket.items())
            ],
        }
        for name, bucket in sorted(buckets.items())
    ]
    page, paging = query.page(series)
    return respond({**paging, "time_series": page})


_COUNT_STATUSES = {
    "success_count": "success",
    "user_error_count": "user_error",
    "error_count": "error",
}
_COUNTS = ("request_count", *_COUNT_STATUSES)


async def list_billing_events(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /models/billing-events``: the billed requests, newest first.

    An event appears ``options: {billing_delay: …}`` after the end of its request.
    """
    tenant = require(request, "billing")
    ledger, query = UsageLedger(tenant), ListQuery(request.address.query)
    source = query.choice("source", ("billed", "tagged-billed"))
    tags = dict(_read_tag(text) for text in query.get_list("tag"))
    request_ids = query.get_list("request_id")
    records, _ = select_records(tenant, ledger, query)
    latest = tenant.clock.now() - tenant.settings.flags.billing_delay
    events = [
        _billing_event(record, ledger, query)
        for record in records
        if record.status is not None
        and record.status < 400
        and record.ended_at is not None
        and record.ended_at <= latest
        and (not request_ids or record.request_id in request_ids)
        and tags.items() <= record.tags.items()
        and (source != "tagged-billed" or record.tags)
    ]
    page, paging = query.page(events)
    return respond({**paging, "billing_events": page})


def _read_tag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise invalid_query("tag: name=value")
    return name, value


def _billing_event(record: UsageRecord, ledger: UsageLedger, query: ListQuery) -> Json:
    price, _ = ledger.price(record.endpoint)
    units = billed_units(record)
    assert record.ended_at is not None
    event: dict[str, Json] = {
        "request_id": record.request_id,
        "endpoint_id": record.endpoint,
        "timestamp": format_instant(record.ended_at),
        "output_units": units,
        "unit_price": price,
        **cost_fields(units, price),
        "cost_estimate_nano_usd": nano_dollars(units * price),
    }
    if "auth_method" in query.get_list("expand"):
        event["auth_method"] = "fakefal"
    return {**event, "tags": record.tags} if record.tags else event


def select_records(
    tenant: Tenant, ledger: UsageLedger, query: ListQuery
) -> tuple[list[UsageRecord], str]:
    """The requests in the endpoints and time span of a query, and its timeframe."""
    now = tenant.clock.now()
    end = query.instant("end")
    start = query.instant("start")
    start = (now if end is None else end) - _DAY_SECONDS if start is None else start
    endpoints = query.endpoints()
    records = [
        record
        for record in ledger.requests()
        if start <= record.sent_at
        and (end is None or record.sent_at < end)
        and (not endpoints or record.endpoint in endpoints)
    ]
    timeframe = query.choice("timeframe", TIMEFRAMES)
    return records, timeframe or timeframe_for((now if end is None else end) - start)


def billed_units(record: UsageRecord) -> float:
    """The units of a request; one if no number was scripted or counted."""
    return 1.0 if record.units is None else record.units
