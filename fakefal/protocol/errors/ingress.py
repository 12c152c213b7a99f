"""Error pages of fal's load balancer, for requests that it does not pass on."""

from __future__ import annotations

from fakefal.protocol.errors.errors import ApiError, ingress_page

PHRASES = {
    400: "Bad Request",
    405: "Not Allowed",
    413: "Request Entity Too Large",
    414: "Request-URI Too Large",
    431: "Request Header Fields Too Large",
    505: "HTTP Version Not Supported",
}
"""Titles of the pages: those of nginx, except 431, for which nginx sends a 400.

Source: inferred (docs/reference/errors.md#ingress-errors).
"""

REJECTED_METHODS = frozenset({"CONNECT", "TRACE"})
"""Methods that nginx rejects. Source: inferred (nginx)."""


def ingress_error(status: int, hint: str) -> ApiError:
    """A page without ``x-fal-request-id``. ``hint`` is the reason."""
    page = ingress_page(status, PHRASES[status])
    return ApiError(status, page, content_type="text/html", hint=hint, has_request_id=False)
