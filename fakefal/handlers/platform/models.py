"""Models and prices: api.fal.ai/v1/models, and what fal.ai itself serves of them without a key.

Source of all routes: documented (docs/reference/platform-api.md).
"""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.engine.usage import UsageLedger
from fakefal.handlers.descriptions import document_of
from fakefal.handlers.http import HttpResponse, Request
from fakefal.handlers.platform.access import require, respond, respond_plainly, visitor_tenant
from fakefal.protocol.platform_api.model_metadata import describe_model
from fakefal.protocol.platform_api.platform import (
    CURRENCY,
    ListQuery,
    invalid_query,
    resource_not_found,
)
from fakefal.protocol.storage.storage import read_fields

_ESTIMATES = {"historical_api_price": "call_quantity", "unit_price": "unit_quantity"}
_SITE_PAGE_SIZE = 40


async def list_models(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /models``: the endpoints that the scenarios name, filtered by id or searched.

    A key is optional: it only raises fal's limits.
    """
    if request.tenant is not None:
        require(request, "catalog")
    ledger, query = UsageLedger(visitor_tenant(request)), ListQuery(request.address.query)
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
        tenant = visitor_tenant(request)
        page = [{**model, "openapi": document_of(tenant, model["endpoint_id"])} for model in page]
    return respond({**paging, "models": page})


async def list_prices(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /models/pricing``: a single unknown endpoint makes the response a 404.

    Source of the 404: client (falaw 0.0.79 pricing.py: ``_fetch_batch``).
    """
    ledger, query = UsageLedger(require(request, "catalog")), ListQuery(request.address.query)
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
    return respond({**paging, "prices": page})


async def estimate_cost(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /models/pricing/estimate``: from the average units of past calls, or from units."""
    ledger, fields = UsageLedger(require(request, "catalog")), read_fields(request.body)
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
    return respond(
        {"estimate_type": estimate_type, "total_cost": round(total, 9), "currency": CURRENCY}
    )


def _average_units(ledger: UsageLedger, endpoint: str) -> float:
    """The mean billed units of past calls; 1 if there were none."""
    unit_counts = [
        record.units for record in ledger.requests() if record.endpoint == endpoint and record.units
    ]
    return sum(unit_counts) / len(unit_counts) if unit_counts else 1.0


async def list_site_models(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET https://fal.ai/api/models``: the list of the site, 40 a page.

    Source: client, recorded (docs/reference/platform-api.md#website).
    """
    ledger, query = UsageLedger(visitor_tenant(request)), ListQuery(request.address.query)
    keywords = (query.get("keywords") or "").lower()
    categories = query.get_list("category")
    items = []
    for model in map(describe_model, ledger.endpoints()):
        metadata = model["metadata"]
        text = f"{model['endpoint_id']} {metadata['display_name']}".lower()
        if keywords in text and (not categories or metadata["category"] in categories):
            items.append(
                {
                    "id": model["endpoint_id"],
                    "modelId": model["endpoint_id"],
                    "title": metadata["display_name"],
                    "category": metadata["category"],
                    "shortDescription": metadata["description"],
                    "thumbnailUrl": metadata["thumbnail_url"],
                    "modelUrl": metadata["model_url"],
                    "tags": metadata["tags"],
                    "deprecated": False,
                    "date": metadata["date"],
                }
            )
    size, page = query.count("limit", _SITE_PAGE_SIZE), query.count("page", 1)
    shown = items[(page - 1) * size : page * size]
    pages = max(1, -(-len(items) // size))
    return respond_plainly(
        {"items": shown, "page": page, "size": size, "total": len(items), "pages": pages}
    )
