"""Errors for unreadable requests, as fal's apps or its load balancer word them."""

from __future__ import annotations

import re

from aiohttp.http import HttpVersion
from aiohttp.http_exceptions import ContentEncodingError, LineTooLong, TransferEncodingError

from fakefal.protocol.errors.errors import ApiError, method_not_allowed
from fakefal.protocol.errors.ingress import ingress_error

MAX_LINE_BYTES = 65_536
"""A longer request line is a 414."""

MAX_FIELD_BYTES = 65_535
"""A longer header is a 431. It differs from the line limit so that aiohttp's error, which
contains only the limit, shows which of them was exceeded."""

_UNKNOWN_METHOD = re.compile(
    r"Invalid method encountered:\s+b['\"]([A-Z][A-Z_-]{0,31}) (\S+) HTTP/1\.[01]['\"]"
)
_SPACE = re.compile(r"\s+")


def error_for_request(error: BaseException | None, message: str) -> tuple[str, ApiError]:
    """The request line as far as it is known, and the error for aiohttp's parse error.

    An unknown method passes the load balancer and is rejected by fal; everything else is rejected
    by the load balancer. Source: inferred (docs/reference/errors.md#ingress-errors).
    """
    if isinstance(error, LineTooLong):
        if str(MAX_LINE_BYTES) in map(str, error.args[1:]):
            return "", ingress_error(414, f"the request line is over {MAX_LINE_BYTES} bytes")
        return "", ingress_error(431, f"a header is over {MAX_FIELD_BYTES} bytes")
    if "Too many headers" in message:
        return "", ingress_error(431, "too many headers")
    if isinstance(error, ContentEncodingError):
        return "a body that cannot be unpacked", error_for_body(error, message)
    unknown_method = _UNKNOWN_METHOD.search(message)
    if unknown_method is not None:
        return f"{unknown_method[1]} {unknown_method[2]}", method_not_allowed()
    return "", ingress_error(400, _on_one_line(message))


def error_for_body(error: BaseException, note: str = "") -> ApiError:
    """The error for an unreadable body: fal's app's, or the load balancer's for broken chunks.

    Source: inferred (FastAPI; docs/reference/errors.md#ingress-errors).
    """
    for cause in (error, error.__cause__):
        if isinstance(cause, TransferEncodingError):
            return ingress_error(400, _on_one_line(str(error)))
    detail = {"detail": "There was an error parsing the body"}
    return ApiError(400, detail, hint=_on_one_line(note))


def check_version(version: HttpVersion) -> None:
    """Raise 505 for HTTP/2 and later, 400 for HTTP/0.9. Source: inferred (nginx)."""
    if version.major > 1:
        raise ingress_error(505, f"HTTP/{version.major}.{version.minor} is not supported")
    if version.major < 1:
        raise ingress_error(400, "a request line must end with HTTP/1.1")


def _on_one_line(message: str) -> str:
    text = _SPACE.sub(" ", message).strip()
    return text if len(text) <= 200 else f"{text[:199]}…"
