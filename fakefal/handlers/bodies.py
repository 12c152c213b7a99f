"""Parses JSON request bodies, with validation errors as fal's apps (FastAPI) word them."""

from __future__ import annotations

import json

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import decode
from fakefal.protocol.errors.errors import ApiError

MAX_VALUES = 300_000
"""Commas and brackets of a body: about as many values, which take 0.1 s to parse. A body of fal has
a few dozen, and large ones are long texts."""


def read_body(body: bytes) -> tuple[Json, tuple[Json, ...]]:
    """The value of a body, and its validation errors: the ``detail`` list of the app's 422.

    An empty body is None without an error. The content type is ignored. As by Python's parser,
    UTF-16 and UTF-32 are accepted. Raises the 413 of a body with too many values.
    Source: client (docs/reference/errors.md#validation-errors).
    """
    if not body:
        return None, ()
    if len(body) > MAX_VALUES:
        check_value_count(body)
    try:
        return decode(body), ()
    except ValueError as error:
        return explain_body(body, str(error))


def check_value_count(body: bytes) -> None:
    """Raise the 413 of a body with too many values, before it is parsed."""
    if sum(map(body.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise ApiError(413, {"detail": f"fakefal reads at most {MAX_VALUES:,} values of JSON"})


def explain_body(body: bytes, reason: str) -> tuple[Json, tuple[Json, ...]]:
    """The value and the validation errors of a body that is not JSON in UTF-8.

    ``reason`` is what ``decode`` says.
    """
    try:
        return _in_other_encoding(body), ()
    except ValueError:
        return None, (_validation_error(body, reason),)


def _in_other_encoding(body: bytes) -> Json:
    """Parse UTF-8 with a byte order mark, UTF-16 or UTF-32; raises ValueError for others."""
    encoding = json.detect_encoding(body)
    if encoding == "utf-8":
        raise ValueError("not in another encoding")
    return decode(body.decode(encoding).encode())


def _validation_error(body: bytes, reason: str) -> Json:
    position, message = _locate_error(body, reason)
    return {
        "type": "json_invalid",
        "loc": ["body", position],
        "msg": "JSON decode error",
        "input": {},
        "ctx": {"error": message},
    }


def _locate_error(body: bytes, reason: str) -> tuple[int, str]:
    """Offset and message as from Python's own parser, which fal's apps use through FastAPI.

    ``reason`` is used for what that parser accepts, such as NaN. Source: client
    (docs/reference/errors.md#validation-errors).
    """
    try:
        json.loads(body)
    except json.JSONDecodeError as error:
        return error.pos, error.msg
    except UnicodeDecodeError as error:
        return error.start, reason
    except (ValueError, RecursionError):
        return 0, reason
    return 0, reason
