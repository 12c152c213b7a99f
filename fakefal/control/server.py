"""Information about the server as a whole."""

from __future__ import annotations

import platform
from typing import Any

from fakefal.control.requests import (
    ALL_TENANTS,
    ANONYMOUS_TENANT,
    ApiResponse,
    ControlRequest,
    control_error,
)
from fakefal.engine.tenant import Tenant

_SCENARIO_FORMAT = 1
_PEM = "application/x-pem-file"
_SHOWN_KEY_LENGTH = 4


def health(_: ControlRequest) -> dict[str, str]:
    """Always ``ok``: a server that responds is alive."""
    return {"status": "ok"}


def ready(request: ControlRequest) -> dict[str, Any]:
    """Versions and counts once all ports listen; raises the 503 while it starts or stops."""
    if not request.context.is_ready():
        raise control_error(503, "the server is starting or stopping", ("Retry-After", "1"))
    engine = request.engine
    return {
        "status": "ready",
        "version": request.context.version,
        "scenarios": len(engine.scenarios),
        "exchanges": len(engine.base_index.exchanges),
    }


def version(request: ControlRequest) -> dict[str, Any]:
    """The versions of fakefal, of the scenario format, and of Python."""
    fakefal_version = request.context.version
    return {
        "version": fakefal_version,
        "format": _SCENARIO_FORMAT,
        "python": platform.python_version(),
    }


def certificate(request: ControlRequest) -> ApiResponse:
    """The certificate of the local CA, without its key."""
    disposition = ("Content-Disposition", 'inline; filename="ca.pem"')
    return ApiResponse(request.context.ca_pem(), _PEM, (disposition,))


def list_tenants(request: ControlRequest) -> list[dict[str, Any]]:
    """The tenants, least recently used first; their keys are masked."""
    tenants = [
        _describe_tenant(tenant, tenant.files.tenant_tag, _mask_key(tenant.key))
        for tenant in request.engine.tenants
    ]
    anonymous = request.engine.anonymous_tenant
    if anonymous is None:
        return tenants
    return [_describe_tenant(anonymous, ANONYMOUS_TENANT, ""), *tenants]


def _describe_tenant(tenant: Tenant, name: str, key: str) -> dict[str, Any]:
    assert name != ALL_TENANTS
    tally = tenant.journal.tally()
    return {
        "tenant": name,
        "key": key,
        "calls": sum(count for (kind, _, _), count in tally.items() if kind == "call"),
        "misses": tenant.journal.miss_count,
        "jobs": len(tenant.queue.jobs),
        "own_exchanges": len(tenant.own_index.exchanges),
        "clock": tenant.clock.kind,
    }


def _mask_key(key: str) -> str:
    """The id of a key ``id:secret``, or the first letters of any other key."""
    id_, colon, _ = key.partition(":")
    return f"{id_}:…" if colon else f"{key[:_SHOWN_KEY_LENGTH]}…"
