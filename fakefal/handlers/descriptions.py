"""API descriptions: served as fal publishes them, and the operations that only they describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from fakefal.engine.tenant import Tenant
from fakefal.engine.usage import UsageLedger
from fakefal.errors import FakefalError
from fakefal.handlers.http import BufferedResponse, HttpResponse, Request
from fakefal.handlers.routes import find_route
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.core.json_codec import decode, encode
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.platform_api.model_metadata import describe_model, openapi_of


async def queue_openapi(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET fal.ai/api/openapi/queue/openapi.json?endpoint_id=…``, which needs no key.

    Source: documented (docs/reference/platform-api.md#website). The 404 is inferred.
    """
    tenant = _tenant_of(request)
    name = request.parameter("endpoint_id") or ""
    document = None if tenant is None else document_of(tenant, name)
    if document is None:
        raise ApiError(404, {"detail": f'Application "{name}" not found'})
    return BufferedResponse(200, encode(document))


def document_of(tenant: Tenant, name: str) -> Json:
    """The description of an endpoint: its own, else a general one of a known endpoint.

    Those of language models are known in every scenario, as fal has them.
    """
    endpoint = parse_endpoint(name)
    if endpoint is None:
        return None
    schemas = tenant.settings.schemas
    schema = None if schemas is None else schemas.find(endpoint)
    if schema is not None:
        document = schema.description.document
        return {key: value for key, value in document.items() if not key.startswith("x-fakefal")}
    if tenant.faults.app_of(endpoint).is_removed:
        return None
    if endpoint.llm_api is None and endpoint.text not in {
        known.text for known in UsageLedger(tenant).endpoints()
    }:
        return None
    return openapi_of(describe_model(endpoint))


async def answer_operation(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """Answer a request that no other route answers, if a description has its operation.

    Otherwise it raises the 404 or 405 of a request without a route; a 422 for an invalid body, and
    a 500 if no response can be made.
    """
    tenant = _tenant_of(request)
    schemas = None if tenant is None else tenant.settings.schemas
    if tenant is None or schemas is None or not schemas.apis:
        return _refuse(request)
    try:
        body = decode(request.body) if request.body else None
    except ValueError:
        body = None
    host, seed = request.address.host, tenant.settings.seed
    try:
        result = schemas.operations.answer(host, request.method, request.path, body, seed)
    except FakefalError as error:
        raise ApiError(500, {"detail": f"fakefal: {error}"}) from None
    if result is None:
        return _refuse(request)
    if result.errors:
        raise ApiError(422, {"detail": list(result.errors)})
    return BufferedResponse(result.status, encode(result.body) if result.has_body else b"")


def _refuse(request: Request) -> NoReturn:
    """Raise what a request without a route gets when there are no descriptions."""
    find_route(request.address.host, request.method, request.path)
    raise AssertionError("a request with a route came here")


def _tenant_of(request: Request) -> Tenant | None:
    if request.tenant is None and request.fallback_tenant is not None:
        return request.fallback_tenant()
    return request.tenant
