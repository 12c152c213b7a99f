"""Who may use an operation of the platform API, and how its responses are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps

from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import BufferedResponse, Handler, HttpResponse, Request
from fakefal.protocol.core import hosts
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.headers import read_credential
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import Fault, FaultAbort
from fakefal.protocol.platform_api.billing import PRESETS, Permission
from fakefal.protocol.platform_api.platform import (
    HEADERS,
    encode_body,
    missing_permission,
    to_platform_error,
)
from fakefal.protocol.storage.storage import missing_authorization

_READING_METHODS = ("GET", "HEAD")
_MEDIA_URLS = tuple(f"https://{host}/" for host in sorted(hosts.MEDIA_HOSTS))


def require(request: Request, permission: Permission) -> Tenant:
    """The caller's tenant; raises the 401 without a key, and the 403 of a key that may not.

    A key that was not created through ``POST /keys`` may do everything. Raises FaultAbort for an
    account that is rejected, and for a fault of the operation ``platform``.
    """
    tenant = request.tenant
    if tenant is None:
        raise missing_authorization()
    try:
        request.check_fault(tenant, "platform")
    except FaultAbort as abort:
        if request.address.host != hosts.API:
            raise
        raise FaultAbort(_in_platform_format(abort.fault), abort.request_id) from None
    credential = read_credential(request.headers.get("Authorization"))
    scope = None if credential is None else tenant.issued_keys.scope_of(credential.token)
    if scope is not None and (
        permission not in PRESETS[scope]
        or (scope == "READONLY" and request.method not in _READING_METHODS)
    ):
        raise missing_permission(permission)
    return tenant


def _in_platform_format(fault: Fault) -> Fault:
    """A fault whose error has the format of the platform API."""
    outcome = fault.outcome
    if outcome is None or not isinstance(outcome.body, dict):
        return fault
    error = to_platform_error(ApiError(outcome.status, outcome.body))
    changed = replace(outcome, status=error.status, payload=error.payload, headers=error.headers)
    return replace(fault, outcome=changed)


def visitor_tenant(request: Request) -> Tenant:
    """The caller's tenant, or the fallback for a request without a key."""
    if request.tenant is not None:
        return request.tenant
    if request.fallback_tenant is None:
        raise missing_authorization()
    return request.fallback_tenant()


def respond(body: Json, status: int = 200) -> BufferedResponse:
    """A JSON response of the platform API."""
    return BufferedResponse(status, encode_body(body), HEADERS)


def respond_plainly(body: Json) -> BufferedResponse:
    """A JSON response of another host, where no form is recorded."""
    return BufferedResponse(200, encode(body))


def idempotent(handler: Handler) -> Handler:
    """Repeats the first response to a request with the same ``Idempotency-Key``.

    Source: documented (docs/reference/platform-api.md#errors).
    """

    @wraps(handler)
    async def handle(request: Request, parts: Mapping[str, str]) -> HttpResponse:
        key, tenant = request.headers.get("Idempotency-Key"), request.tenant
        if key is None or tenant is None:
            return await handler(request, parts)
        identity = (key, request.method, request.address.host, request.path)
        repeated = tenant.platform.repeated_response(*identity)
        if repeated is not None:
            return BufferedResponse(*repeated)
        response = await handler(request, parts)
        if isinstance(response, BufferedResponse):
            tenant.platform.keep_response(response.status, response.payload, *identity)
        return response

    return handle


def with_reachable_urls(request: Request, value: Json) -> Json:
    """A payload whose URLs of the fake's files are as this caller can reach them."""
    return _map_texts(
        value, lambda text: request.public_url(text) if text.startswith(_MEDIA_URLS) else text
    )


def _map_texts(value: Json, change: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _map_texts(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_map_texts(inner, change) for inner in value]
    return value
