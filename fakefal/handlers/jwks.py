"""rest.fal.ai: the public keys of webhooks."""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.handlers.http import Answer, Request, Response
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import not_found

_CACHE = (("Cache-Control", "public, max-age=86400"),)
"""Source: documented that keys may be kept for a day; the header is inferred (section 8)."""


async def jwks(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /.well-known/jwks.json``: the keys, without a key of the caller's.

    Source: documented (protocol.md section 8).
    """
    tenant = request.tenant
    if tenant is None:
        if request.nobody is None:
            raise not_found()
        tenant = request.nobody()
    return Response(200, encode(await tenant.webhooks.published()), _CACHE)
