"""api.fal.ai/v1: the platform API: models, prices, keys, usage and requests.

Source of all: documented (protocol.md section 14).
"""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.engine.tenant import Tenant
from fakefal.engine.usage import Asked as Listed
from fakefal.engine.usage import Ledger
from fakefal.handlers.http import Answer, Request, Response
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.headers import read_credential
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.platform_api.model_metadata import model_of, openapi_of
from fakefal.protocol.platform_api.platform import (
    CURRENCY,
    TIMEFRAMES,
    Asked,
    admin_only,
    bucket_of,
    invalid,
    is_status,
    stamp,
    timeframe_for,
    unknown,
)
from fakefal.protocol.storage.storage import header_required, read_fields

_DAY = 86_400.0
_STATUSES = ("success", "user_error", "error")
_ESTIMATES = {"historical_api_price": "call_quantity", "unit_price": "unit_quantity"}
_WEBHOOK_RANGES = ["127.0.0.1/32", "::1/128"]
"""The fake's webhooks come from this machine."""


async def meta(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /meta``, without a key."""
    return _answer({"webhook_ip_ranges": _WEBHOOK_RANGES})


async def models(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /models``: those that the scenarios name, found by id or searched."""
    ledger, asked = Ledger(_tenant(request)), Asked(request.address.query)
    wanted = asked.endpoints()
    found = [model_of(it) for it in ledger.endpoints() if not wanted or it.text in wanted]
    text = (asked.one("q") or "").lower()
    category = asked.one("category")
    status = asked.word("status", ("active", "deprecated"))
    found = [
        model
        for model in found
        if text in f"{model['endpoint_id']} {model['metadata']['display_name']}".lower()
        and category in (None, model["metadata"]["category"])
        and status in (None, model["metadata"]["status"])
    ]
    page, more = asked.page(found)
    if "openapi-3.0" in asked.many("expand"):
        page = [{**model, "openapi": openapi_of(model)} for model in page]
    return _answer({"models": page, **more})


async def pricing(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /models/pricing``: one endpoint that is not known makes the whole a 404.

    Source of the 404: client (falaw 0.0.79 pricing.py: ``_fetch_batch``).
    """
    ledger, asked = Ledger(_tenant(request)), Asked(request.address.query)
    known = {endpoint.text for endpoint in ledger.endpoints()}
    wanted = asked.endpoints(at_least=1)
    missing = [name for name in wanted if name not in known]
    if missing:
        raise unknown(f"Endpoint not found: {', '.join(missing)}")
    prices = []
    for name in wanted:
        price, unit = ledger.price(name)
        prices.append(
            {"endpoint_id": name, "unit_price": price, "unit": unit, "currency": CURRENCY}
        )
    page, more = asked.page(prices)
    return _answer({"prices": page, **more})


async def estimate(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST /models/pricing/estimate``: by the units of calls so far, or by units."""
    ledger, fields = Ledger(_tenant(request)), read_fields(request.body)
    type_, endpoints = fields.get("estimate_type"), fields.get("endpoints")
    if type_ not in _ESTIMATES:
        raise invalid(f"estimate_type: one of {', '.join(_ESTIMATES)}")
    if not isinstance(endpoints, dict) or not endpoints:
        raise invalid("endpoints: an object with at least one endpoint")
    known = {endpoint.text for endpoint in ledger.endpoints()}
    name, total = _ESTIMATES[type_], 0.0
    for endpoint, quantities in endpoints.items():
        if endpoint not in known:
            raise unknown(f"Endpoint not found: {endpoint}")
        quantity = quantities.get(name) if isinstance(quantities, dict) else None
        if isinstance(quantity, bool) or not isinstance(quantity, (int, float)) or quantity <= 0:
            raise invalid(f"endpoints.{endpoint}.{name}: a number above 0")
        units = quantity * (_usual_units(ledger, endpoint) if name == "call_quantity" else 1)
        total += units * ledger.price(endpoint)[0]
    return _answer({"estimate_type": type_, "total_cost": _dollars(total), "currency": CURRENCY})


def _usual_units(ledger: Ledger, endpoint: str) -> float:
    """How many units a call had so far, on the whole; 1 if there was none."""
    billed = [it.units for it in ledger.requests() if it.endpoint == endpoint and it.units]
    return sum(billed) / len(billed) if billed else 1.0


async def usage(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /models/usage``: what was billed, in time; for keys of the scope ADMIN."""
    tenant = _admin(request)
    ledger, asked = Ledger(tenant), Asked(request.address.query)
    expand = asked.many("expand") or ["time_series"]
    requests, timeframe = _asked_for(tenant, ledger, asked)
    billed = [it for it in requests if it.status is not None and it.status < 400]
    buckets: dict[str, dict[str, float]] = {}
    for it in billed:
        bucket = buckets.setdefault(bucket_of(it.sent_at, timeframe), {})
        bucket[it.endpoint] = bucket.get(it.endpoint, 0.0) + _units(it)
    series = [
        {"bucket": name, "results": _lines(ledger, bucket, expand)}
        for name, bucket in sorted(buckets.items())
    ]
    page, more = asked.page(series)
    answer: dict[str, Json] = {}
    if "time_series" in expand:
        answer["time_series"] = page
    if "summary" in expand:
        total: dict[str, float] = {}
        for it in billed:
            total[it.endpoint] = total.get(it.endpoint, 0.0) + _units(it)
        answer["summary"] = _lines(ledger, total, expand)
    return _answer({**answer, **more})


def _lines(ledger: Ledger, units: Mapping[str, float], expand: list[str]) -> list[Json]:
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


async def analytics(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /models/analytics``: how many requests there were, and how they ended."""
    tenant = _tenant(request)
    ledger, asked = Ledger(tenant), Asked(request.address.query)
    asked.endpoints(at_least=1)
    requests, timeframe = _asked_for(tenant, ledger, asked)
    buckets: dict[str, dict[str, dict[str, int]]] = {}
    for it in requests:
        bucket = buckets.setdefault(bucket_of(it.sent_at, timeframe), {})
        counts = bucket.setdefault(it.endpoint, dict.fromkeys(_COUNTS, 0))
        counts["request_count"] += 1
        for name, kind in _COUNTED.items():
            counts[name] += it.status is not None and is_status(it.status, kind)
    wanted = [name for name in asked.many("expand") if name in _COUNTS] or [*_COUNTS]
    series = [
        {
            "bucket": name,
            "results": [
                {"endpoint_id": endpoint, **{count: counts[count] for count in wanted}}
                for endpoint, counts in sorted(bucket.items())
            ],
        }
        for name, bucket in sorted(buckets.items())
    ]
    page, more = asked.page(series)
    return _answer({"time_series": page, **more})


_COUNTED = {"success_count": "success", "user_error_count": "user_error", "error_count": "error"}
_COUNTS = ("request_count", *_COUNTED)


async def requests(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /models/requests/by-endpoint``: the requests of endpoints, the newest first."""
    tenant = _tenant(request)
    ledger, asked = Ledger(tenant), Asked(request.address.query)
    asked.endpoints(at_least=1)
    status = asked.word("status", _STATUSES)
    wanted = asked.one("request_id")
    found, _ = _asked_for(tenant, ledger, asked)
    found = [
        it
        for it in found
        if (status is None or (it.status is not None and is_status(it.status, status)))
        and wanted in (None, it.request_id)
    ]
    if asked.word("sort_by", ("ended_at", "duration")) == "duration":
        found.sort(key=lambda it: it.duration or 0.0, reverse=True)
    page, more = asked.page(found)
    payloads = "payloads" in asked.many("expand")
    return _answer({"items": [_item(it, payloads=payloads) for it in page], **more})


def _item(it: Listed, *, payloads: bool) -> Json:
    item: dict[str, Json] = {
        "request_id": it.request_id,
        "endpoint_id": it.endpoint,
        "sent_at": stamp(it.sent_at),
        "started_at": None if it.started_at is None else stamp(it.started_at),
        "ended_at": None if it.ended_at is None else stamp(it.ended_at),
        "status_code": it.status,
        "duration": it.duration,
    }
    return {**item, "json_input": it.input, "json_output": it.output} if payloads else item


async def delete_payloads(request: Request, parts: Mapping[str, str]) -> Answer:
    """``DELETE /models/requests/{id}/payloads``: the result of a request and its files go."""
    links = Ledger(_admin(request)).forget(parts["id"])
    if links is None:
        raise unknown("Request not found")
    deleted = [{"link": request.reachable(link), "exception": None} for link in links]
    return _answer({"cdn_delete_results": deleted})


async def create_key(request: Request, parts: Mapping[str, str]) -> Answer:
    """``POST /keys``: a key that is good at once; its secret is shown this once."""
    tenant = _admin(request)
    alias = read_fields(request.body).get("alias")
    if not isinstance(alias, str) or not 1 <= len(alias) <= 255:
        raise invalid("alias: a text of 1 to 255 characters")
    key = tenant.issued.issue(tenant.key, alias, tenant.clock.now())
    body = {"key_id": key.key_id, "key_secret": key.secret, "key": key.token}
    return _answer(body, 201)


async def list_keys(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /keys``: those made so, the newest first, without secrets."""
    tenant, asked = _admin(request), Asked(request.address.query)
    keys = [
        {
            "key_id": key.key_id,
            "alias": key.alias,
            "scope": "API",
            "created_at": stamp(key.created_at),
        }
        for key in tenant.issued.of(tenant.key)
    ]
    page, more = asked.page(keys)
    return _answer({"keys": page, **more})


async def delete_key(request: Request, parts: Mapping[str, str]) -> Answer:
    """``DELETE /keys/{id}``: the key is refused from now on."""
    tenant = _admin(request)
    if not tenant.issued.revoke(tenant.key, parts["id"]):
        raise unknown("API key not found")
    return Response(204, b"")


async def billing(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /account/billing``: whose account it is, and what is left on it."""
    tenant, asked = _admin(request), Asked(request.address.query)
    found: dict[str, Json] = {"username": tenant.files.user}
    if "credits" in asked.many("expand"):
        refusal = tenant.troubles.account.refusal
        is_empty = refusal is not None and refusal.name == "exhausted_balance"
        balance = 0.0 if is_empty else 100.0
        found["credits"] = {"current_balance": balance, "currency": CURRENCY}
    return _answer(found)


def _asked_for(tenant: Tenant, ledger: Ledger, asked: Asked) -> tuple[list[Listed], str]:
    """The requests of the endpoints and the time that are asked for, and the timeframe."""
    now = tenant.clock.now()
    end = asked.instant("end")
    start = asked.instant("start")
    start = (now if end is None else end) - _DAY if start is None else start
    wanted = asked.endpoints()
    found = [
        it
        for it in ledger.requests()
        if start <= it.sent_at
        and (end is None or it.sent_at < end)
        and (not wanted or it.endpoint in wanted)
    ]
    timeframe = asked.word("timeframe", TIMEFRAMES)
    return found, timeframe or timeframe_for((now if end is None else end) - start)


def _units(it: Listed) -> float:
    return 1.0 if it.units is None else it.units


def _dollars(amount: float) -> float:
    return round(amount, 9)


def _tenant(request: Request) -> Tenant:
    if request.tenant is None:
        raise header_required()
    return request.tenant


def _admin(request: Request) -> Tenant:
    """The tenant of a key of the scope ADMIN: every key but those that were made here."""
    tenant = _tenant(request)
    credential = read_credential(request.headers.get("Authorization"))
    if credential is not None and tenant.issued.has(credential.token):
        raise admin_only()
    return tenant


def _answer(body: Json, status: int = 200) -> Response:
    return Response(status, encode(body))
