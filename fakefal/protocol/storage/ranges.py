"""``Range`` and ``If-None-Match``: which bytes of a file a reader wants."""

from __future__ import annotations

import re
from typing import NamedTuple

_SINGLE_RANGE = re.compile(r"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*")


class ByteRange(NamedTuple):
    """Bytes from ``start`` up to ``stop``, which is not one of them."""

    start: int
    stop: int


class RangeNotSatisfiable(ValueError):
    """A range of which a file has nothing: 416."""


def read_range(text: str | None, size: int) -> ByteRange | None:
    """The bytes that a ``Range`` header asks for; None for the whole, and for what is malformed.

    Several ranges at once are answered with the whole file, as RFC 9110 allows. Raises
    Unsatisfiable.
    """
    match = _SINGLE_RANGE.fullmatch(text) if text else None
    if match is None:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        if int(last) == 0 or size == 0:
            raise RangeNotSatisfiable
        return ByteRange(max(0, size - int(last)), size)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise RangeNotSatisfiable
    return ByteRange(start, min(size, int(last) + 1) if last else size)


def etag_matches(etag: str, header: str | None) -> bool:
    """Whether a header of etags names this one; ``W/`` and quotes do not matter."""
    if header is None:
        return False
    if header.strip() == "*":
        return True
    return etag in (part.strip().removeprefix("W/").strip('"') for part in header.split(","))
