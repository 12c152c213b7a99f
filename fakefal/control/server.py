"""What is told about the server as a whole."""

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
    """It answers, so it is alive."""
    return {"status": "ok"}


def ready(request: ControlRequest) -> dict[str, Any]:
    """Whether all its ports listen; raises the 503 of one that is starting or stopping."""
    if not request.context.is_ready():
        raise control_error(503, "not all ports listen yet, or no longer", ("Retry-After", "1"))
    engine = request.engine
    return {
        "status": "ready",
        "version": request.context.version,
        "scenarios": len(engine.scenarios),
        "exchanges": len(engine.base_index.exchanges),
    }


def version(request: ControlRequest) -> dict[str, Any]:
    """Which fakefal this is, and which scenario files it reads."""
    fakefal_version = request.context.version
    return {
        "version": fakefal_version,
        "format": _SCENARIO_FORMAT,
        "python": platform.python_version(),
    }


def certificate(request: ControlRequest) -> ApiResponse:
    """The certificate of the local CA; it is no secret, and its key is told to nobody."""
    disposition = ("Content-Disposition", 'inline; filename="ca.pem"')
    return ApiResponse(request.context.ca_pem(), _PEM, (disposition,))


def list_tenants(request: ControlRequest) -> list[dict[str, Any]]:
    """The tenants, the one used last at the end; keys are shown in part."""
    tenants = [
        _describe_tenant(tenant, tenant.files.tenant_tag, _mask_key(tenant.key))
        for tenant in request.engine.tenants
    ]
    anonymous = request.engine.anonymous_tenant
    return (
        tenants
        if anonymous is None
        else [_describe_tenant(anonymous, ANONYMOUS_TENANT, ""), *tenants]
    )


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
    """As much of a key as tells it from others: its id, or its first letters."""
    id_, colon, _ = key.partition(":")
    return f"{id_}:…" if colon else f"{key[:_SHOWN_KEY_LENGTH]}…"
