"""Requests that fal's server proxy rejects before it forwards them."""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.handlers.http import BufferedResponse
from fakefal.protocol.core.headers import HINT, TARGET_URL
from fakefal.protocol.core.json_codec import encode

PATH = "/api/fal/proxy"
"""The JavaScript client's default proxy path.

Source: client (docs/reference/protocol.md#server-proxy).
"""

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"))


def check_proxy_request(
    method: str, path: str, headers: Mapping[str, str], *, has_fal_target: bool
) -> BufferedResponse | None:
    """The response to a request that a proxy would not forward; None for a valid request.

    400 without the header, 412 if it does not name a fal host, 405 for a wrong method, 415 for a
    POST whose body is not JSON.

    Source: documented (docs/reference/protocol.md#server-proxy).
    """
    target = headers.get(TARGET_URL)
    if target is None:
        if path.partition("?")[0].rstrip("/") != PATH:
            return None
        return _reject(400, "Missing the x-fal-target-url header")
    if not has_fal_target:
        return _reject(412, f"Invalid x-fal-target-url: {target[:200]}")
    if method not in METHODS:
        return _reject(405, "Method not allowed")
    content_type = headers.get("content-type")
    if method == "POST" and content_type is not None and "json" not in content_type.lower():
        return _reject(415, f"Unsupported Media Type: {content_type[:100]}")
    return None


def _reject(status: int, detail: str) -> BufferedResponse:
    return BufferedResponse(
        status, encode({"detail": detail}), ((HINT, "rejected as by a server proxy"),)
    )
