"""rest.fal.ai: the public keys of webhooks."""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.handlers.http import BufferedResponse, HttpResponse, Request
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import not_found

_CACHE = (("Cache-Control", "public, max-age=86400"),)
"""Receivers may cache keys for a day; the header itself is inferred.

Source: documented (docs/reference/webhooks.md#jwks).
"""


async def jwks(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /.well-known/jwks.json``: the public keys; the request needs no API key.

    Source: documented (docs/reference/webhooks.md#jwks).
    """
    tenant = request.tenant
    if tenant is None:
        if request.fallback_tenant is None:
            raise not_found()
        tenant = request.fallback_tenant()
    return BufferedResponse(200, encode(await tenant.webhooks.published_jwks()), _CACHE)
