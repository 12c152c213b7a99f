"""rest.fal.ai: the public keys of webhooks."""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.handlers.http import BufferedResponse, HttpResponse, Request
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import not_found

_CACHE = (("Cache-Control", "public, max-age=86400"),)
"""Source: documented that keys may be kept for a day; the header is inferred (section 8)."""


async def jwks(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /.well-known/jwks.json``: the keys, without a key of the caller's.

    Source: documented (protocol.md section 8).
    """
    tenant = request.tenant
    if tenant is None:
        if request.anonymous_tenant is None:
            raise not_found()
        tenant = request.anonymous_tenant()
    return BufferedResponse(200, encode(await tenant.webhooks.published_jwks()), _CACHE)
