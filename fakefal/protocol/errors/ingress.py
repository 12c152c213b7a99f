"""What fal's load balancer answers by itself, before anything of fal's has seen the request."""

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
"""The titles of the pages: nginx's own, but for 431, which nginx itself tells as a 400.

Source: inferred (protocol.md section 3.10).
"""

REJECTED_METHODS = frozenset({"CONNECT", "TRACE"})
"""Methods that nginx lets through to nobody. Source: inferred (nginx)."""


def ingress_error(status: int, hint: str) -> ApiError:
    """A page without ``x-fal-request-id``; ``note`` says in the hint what was wrong.

    Source: inferred (protocol.md section 3.10).
    """
    page = ingress_page(status, PHRASES[status])
    return ApiError(status, page, content_type="text/html", hint=hint, has_request_id=False)
