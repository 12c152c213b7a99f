"""What cannot be read as a request, in the words of fal or of its load balancer."""

from __future__ import annotations

import re

from aiohttp.http import HttpVersion
from aiohttp.http_exceptions import ContentEncodingError, LineTooLong, TransferEncodingError

from fakefal.protocol.errors.errors import ApiError, method_not_allowed
from fakefal.protocol.errors.ingress import ingress_error

MAX_LINE_BYTES = 65_536
"""The longest request line that is read."""

MAX_FIELD_BYTES = 65_535
"""The longest header that is read; not the same, so that an error tells which it was."""

_UNKNOWN_METHOD = re.compile(
    r"Invalid method encountered:\s+b['\"]([A-Z][A-Z_-]{0,31}) (\S+) HTTP/1\.[01]['\"]"
)
_SPACE = re.compile(r"\s+")


def error_for_request(error: BaseException | None, message: str) -> tuple[str, ApiError]:
    """What was asked, as far as it is known, and how it is refused.

    ``error`` and ``message`` are aiohttp's. A method that nobody knows reaches fal, which does not
    allow it; the rest is refused by the load balancer. Source: inferred (protocol.md section 3.10).
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
    """A body that cannot be read: fal's app says so, or the load balancer for broken chunks.

    Source: inferred (FastAPI's words; protocol.md section 3.10).
    """
    for cause in (error, error.__cause__):
        if isinstance(cause, TransferEncodingError):
            return ingress_error(400, _on_one_line(str(error)))
    detail = {"detail": "There was an error parsing the body"}
    return ApiError(400, detail, hint=_on_one_line(note))


def check_version(version: HttpVersion) -> None:
    """Refuse what is not HTTP/1.0 or 1.1. Source: inferred (nginx)."""
    if version.major > 1:
        raise ingress_error(505, f"HTTP/{version.major}.{version.minor} is not spoken here")
    if version.major < 1:
        raise ingress_error(400, "a request line ends in HTTP/1.1")


def _on_one_line(message: str) -> str:
    text = _SPACE.sub(" ", message).strip()
    return text if len(text) <= 200 else f"{text[:199]}…"
