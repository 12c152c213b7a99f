"""api.fal.ai/v1: the platform API: models, prices, keys, usage and requests.

Source of all routes: documented (docs/reference/platform-api.md).
"""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.engine.tenant import Tenant
from fakefal.engine.usage import UsageLedger, UsageRecord
from fakefal.handlers.descriptions import document_of
from fakefal.handlers.http import BufferedResponse, HttpResponse, Request
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.headers import read_credential
from fakefal.protocol.platform_api.model_metadata import describe_model
from fakefal.protocol.platform_api.platform import (
    CURRENCY,
    HEADERS,
    TIMEFRAMES,
    ListQuery,
    admin_only,
    bucket_of,
    encode_body,
    format_instant,
    invalid_query,
    resource_not_found,
    status_matches,
    timeframe_for,
)
from fakefal.protocol.storage.storage import missing_authorization, read_fields

_DAY_SECONDS = 86_400.0
_STATUSES = ("success", "user_error", "error")
_ESTIMATES = {"historical_api_price": "call_quantity", "unit_price": "unit_quantity"}
_WEBHOOK_RANGES = ["127.0.0.1/32", "::1/128"]
"""fakefal sends webhooks from this machine."""


async def get_meta(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /meta``: needs no key."""
    return _respond({"webhook_ip_ranges": _WEBHOOK_RANGES})


async def list_models(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /models``: the endpoints that the scenarios name, filtered by id or searched."""
    ledger, query = UsageLedger(_require_tenant(request)), ListQuery(request.address.query)
    endpoints = query.endpoints()
    matches = [
        describe_model(endpoint)
        for endpoint in ledger.endpoints()
        if not endpoints or endpoint.text in endpoints
    ]
    text = (query.get("q") or "").lower()
    category = query.get("category")
    status = query.choice("status", ("active", "deprecated"))
    matches = [
        model
        for model in matches
        if text in f"{model['endpoint_id']} {model['metadata']['display_name']}".lower()
        and category in (None, model["metadata"]["category"])
        and status in (None, model["metadata"]["status"])
    ]
    page, paging = query.page(matches)
    if "openapi-3.0" in query.get_list("expand"):
        page = [_with_openapi(request, model) for model in page]
    return _respond({"models": page, **paging})


def _with_openapi(request: Request, model: Json) -> Json:
    document = document_of(_require_tenant(request), model["endpoint_id"])
    return {**model, "openapi": document}


async def list_prices(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /models/pricing``: a single unknown endpoint makes the response a 404.

    Source of the 404: client (falaw 0.0.79 pricing.py: ``_fetch_batch``).
    """
    ledger, query = UsageLedger(_require_tenant(request)), ListQuery(request.address.query)
    known_endpoints = {endpoint.text for endpoint in ledger.endpoints()}
    endpoints = query.endpoints(minimum=1)
    missing = [name for name in endpoints if name not in known_endpoints]
    if missing:
        raise resource_not_found(f"Endpoint not found: {', '.join(missing)}")
    prices = []
    for name in endpoints:
        price, unit = ledger.price(name)
        prices.append(
            {"endpoint_id": name, "unit_price": price, "unit": unit, "currency": CURRENCY}
        )
    page, paging = query.page(prices)
    return _respond({"prices": page, **paging})


async def estimate_cost(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /models/pricing/estimate``: from the average units of past calls, or from units."""
    ledger, fields = UsageLedger(_require_tenant(request)), read_fields(request.body)
    estimate_type, endpoints = fields.get("estimate_type"), fields.get("endpoints")
    if estimate_type not in _ESTIMATES:
        raise invalid_query(f"estimate_type: one of {', '.join(_ESTIMATES)}")
    if not isinstance(endpoints, dict) or not endpoints:
        raise invalid_query("endpoints: an object with at least one endpoint")
    known_endpoints = {endpoint.text for endpoint in ledger.endpoints()}
    name, total = _ESTIMATES[estimate_type], 0.0
    for endpoint, quantities in endpoints.items():
        if endpoint not in known_endpoints:
            raise resource_not_found(f"Endpoint not found: {endpoint}")
        quantity = quantities.get(name) if isinstance(quantities, dict) else None
        if isinstance(quantity, bool) or not isinstance(quantity, (int, float)) or quantity <= 0:
            raise invalid_query(f"endpoints.{endpoint}.{name}: a number above 0")
        units = quantity * (_average_units(ledger, endpoint) if name == "call_quantity" else 1)
        total += units * ledger.price(endpoint)[0]
    return _respond(
        {"estimate_type": estimate_type, "total_cost": _dollars(total), "currency": CURRENCY}
    )


def _average_units(ledger: UsageLedger, endpoint: str) -> float:
    """The mean billed units of past calls; 1 if there were none."""
    unit_counts = [
        record.units for record in ledger.requests() if record.endpoint == endpoint and record.units
    ]
    return sum(unit_counts) / len(unit_counts) if unit_counts else 1.0


async def get_usage(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /models/usage``: billed units over time; needs a key of scope ADMIN."""
    tenant = _require_admin(request)
    ledger, query = UsageLedger(tenant), ListQuery(request.address.query)
    expand = query.get_list("expand") or ["time_series"]
    records, timeframe = _select_records(tenant, ledger, query)
    billed = [record for record in records if record.status is not None and record.status < 400]
    buckets: dict[str, dict[str, float]] = {}
    for record in billed:
        bucket = buckets.setdefault(bucket_of(record.sent_at, timeframe), {})
        bucket[record.endpoint] = bucket.get(record.endpoint, 0.0) + _billed_units(record)
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
            total[record.endpoint] = total.get(record.endpoint, 0.0) + _billed_units(record)
        body["summary"] = _usage_lines(ledger, total, expand)
    return _respond({**paging, **body})


def _usage_lines(ledger: UsageLedger, units: Mapping[str, float], expand: list[str]) -> list[Json]:
    lines = []
    for endpoint, quantity in sorted(units.items()):
        price, unit = ledger.price(endpoint)
        line = {
            "endpoint_id": endpoint,
            "unit": unit,
            "quantity": quantity,
            "unit_price": price,
            "cost": _dollars(quantity * price),
            "currency": CURRENCY,
        }
        lines.append({**line, "auth_method": "fakefal"} if "auth_method" in expand else line)
    return lines


async def get_analytics(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /models/analytics``: counts of requests over time, by outcome."""
    tenant = _require_tenant(request)
    ledger, query = UsageLedger(tenant), ListQuery(request.address.query)
    query.endpoints(minimum=1)
    records, timeframe = _select_records(tenant, ledger, query)
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
    return _respond({**paging, "time_series": page})


_COUNT_STATUSES = {
    "success_count": "success",
    "user_error_count": "user_error",
    "error_count": "error",
}
_COUNTS = ("request_count", *_COUNT_STATUSES)


async def list_requests(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /models/requests/by-endpoint``: the requests to endpoints, newest first."""
    tenant = _require_tenant(request)
    ledger, query = UsageLedger(tenant), ListQuery(request.address.query)
    query.endpoints(minimum=1)
    status = query.choice("status", _STATUSES)
    request_id = query.get("request_id")
    records, _ = _select_records(tenant, ledger, query)
    records = [
        record
        for record in records
        if (status is None or (record.status is not None and status_matches(record.status, status)))
        and request_id in (None, record.request_id)
    ]
    if query.choice("sort_by", ("ended_at", "duration")) == "duration":
        records.sort(key=lambda record: record.duration or 0.0, reverse=True)
    page, paging = query.page(records)
    payloads = "payloads" in query.get_list("expand")
    return _respond(
        {"items": [_request_item(record, payloads=payloads) for record in page], **paging}
    )


def _request_item(record: UsageRecord, *, payloads: bool) -> Json:
    item: dict[str, Json] = {
        "request_id": record.request_id,
        "endpoint_id": record.endpoint,
        "sent_at": format_instant(record.sent_at),
        "started_at": None if record.started_at is None else format_instant(record.started_at),
        "ended_at": None if record.ended_at is None else format_instant(record.ended_at),
        "status_code": record.status,
        "duration": record.duration,
    }
    return {**item, "json_input": record.input, "json_output": record.output} if payloads else item


async def delete_payloads(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``DELETE /models/requests/{id}/payloads``: deletes the result and files of a request."""
    deleted_urls = UsageLedger(_require_admin(request)).forget(parts["id"])
    if deleted_urls is None:
        raise resource_not_found("Request not found")
    deleted = [{"link": request.public_url(link), "exception": None} for link in deleted_urls]
    return _respond({"cdn_delete_results": deleted})


async def create_key(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /keys``: a key that is valid immediately; only this response has its secret."""
    tenant = _require_admin(request)
    alias = read_fields(request.body).get("alias")
    if not isinstance(alias, str) or not 1 <= len(alias) <= 255:
        raise invalid_query("alias: a text of 1 to 255 characters")
    key = tenant.issued_keys.issue(tenant.key, alias, tenant.clock.now())
    body = {"key_id": key.key_id, "key_secret": key.secret, "key": key.token}
    return _respond(body, 201)


async def list_keys(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /keys``: the keys created through ``POST /keys``, newest first, without secrets."""
    tenant, query = _require_admin(request), ListQuery(request.address.query)
    keys = [
        {
            "key_id": key.key_id,
            "alias": key.alias,
            "scope": "API",
            "created_at": format_instant(key.created_at),
        }
        for key in tenant.issued_keys.owned_by(tenant.key)
    ]
    page, paging = query.page(keys)
    return _respond({"keys": page, **paging})


async def delete_key(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``DELETE /keys/{id}``: the key is rejected from now on."""
    tenant = _require_admin(request)
    if not tenant.issued_keys.revoke(tenant.key, parts["id"]):
        raise resource_not_found("API key not found")
    return BufferedResponse(204, b"")


async def get_billing(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /account/billing``: user name and balance: 0 for a locked account, else 100."""
    tenant, query = _require_admin(request), ListQuery(request.address.query)
    body: dict[str, Json] = {"username": tenant.files.user}
    if "credits" in query.get_list("expand"):
        rejection = tenant.faults.account.rejection
        is_empty = rejection is not None and rejection.name == "exhausted_balance"
        balance = 0.0 if is_empty else 100.0
        body["credits"] = {"current_balance": balance, "currency": CURRENCY}
    return _respond(body)


def _select_records(
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


def _billed_units(record: UsageRecord) -> float:
    return 1.0 if record.units is None else record.units


def _dollars(amount: float) -> float:
    return round(amount, 9)


def _require_tenant(request: Request) -> Tenant:
    if request.tenant is None:
        raise missing_authorization()
    return request.tenant


def _require_admin(request: Request) -> Tenant:
    """The tenant of a key of scope ADMIN: any key that was not created through ``POST /keys``."""
    tenant = _require_tenant(request)
    credential = read_credential(request.headers.get("Authorization"))
    if credential is not None and tenant.issued_keys.is_valid(credential.token):
        raise admin_only()
    return tenant


def _respond(body: Json, status: int = 200) -> BufferedResponse:
    return BufferedResponse(status, encode_body(body), HEADERS)
