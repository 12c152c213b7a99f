"""What fal's proxy protocol refuses before anything is asked of fal."""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.handlers.http import BufferedResponse
from fakefal.protocol.core.headers import HINT, TARGET_URL
from fakefal.protocol.core.json_codec import encode

PATH = "/api/fal/proxy"
"""Where the JS client looks for a proxy if nothing else is said. Source: client (section 12)."""

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"))


def check_proxy_request(
    method: str, path: str, headers: Mapping[str, str], *, has_fal_target: bool
) -> BufferedResponse | None:
    """The answer to a request that no proxy would pass on; None for one that is good.

    ``found`` says whether the header names a fal host. Source: documented (protocol.md section 12):
    400 without the header, 412 for another domain, 405 for a wrong method, 415 for a POST whose
    body is not JSON.
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
        status, encode({"detail": detail}), ((HINT, "refused as a proxy does"),)
    )
