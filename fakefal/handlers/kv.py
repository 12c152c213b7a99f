"""kv.fal.media: the key-value store of apps.

Source: client (fal SDK toolkit/kv.py; docs/reference/storage.md#key-value-store).
"""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import BufferedResponse, HttpResponse, Request
from fakefal.handlers.uploads import token_tenant
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.storage.storage import missing_authorization

_DEFAULT_SECONDS = 2_592_000
_MIN_SECONDS = 60


async def set_value(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``PUT /set/DB/KEY?ttl=…``: the body is the value; it is kept for 30 days by default."""
    tenant = _require_tenant(request)
    text = request.parameter("ttl")
    seconds = _DEFAULT_SECONDS if text is None else int(text) if text.isdecimal() else 0
    if not _MIN_SECONDS <= seconds <= _DEFAULT_SECONDS:
        detail = f"ttl must be between {_MIN_SECONDS} and {_DEFAULT_SECONDS} seconds"
        raise ApiError(422, {"detail": detail})
    value = request.body.decode("utf-8", "replace")
    tenant.platform.set_value(parts["database"], parts["key"], value, seconds)
    return _respond({"status": "ok"})


async def get_value(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /get/DB/KEY``: ``{"value"}``; a 404 for a key that is not set, or expired."""
    value = _require_tenant(request).platform.value(parts["database"], parts["key"])
    if value is None:
        raise ApiError(404, {"detail": "Key not found"})
    return _respond({"value": value})


async def delete_value(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``DELETE /delete/DB/KEY``: also of a key that is not set."""
    _require_tenant(request).platform.remove_value(parts["database"], parts["key"])
    return _respond({"status": "ok"})


def _require_tenant(request: Request) -> Tenant:
    """The tenant of a CDN token, or of a key; raises the 401."""
    tenant = request.tenant or token_tenant(request)
    if tenant is None:
        raise missing_authorization()
    request.owner_tenant = tenant
    request.check_fault(tenant, "platform")
    return tenant


def _respond(body: dict[str, str]) -> BufferedResponse:
    return BufferedResponse(200, encode(body))
