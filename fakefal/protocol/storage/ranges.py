"""Parses ``Range`` and compares ``If-None-Match`` (RFC 9110 sections 14.2 and 13.1.2)."""

from __future__ import annotations

import re
from typing import NamedTuple

_SINGLE_RANGE = re.compile(r"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*")


class ByteRange(NamedTuple):
    """Bytes from ``start`` up to but not including ``stop``."""

    start: int
    stop: int


class RangeNotSatisfiable(ValueError):
    """A range that starts after the end of the file: a 416."""


def read_range(text: str | None, size: int) -> ByteRange | None:
    """The bytes that a ``Range`` header selects; None for the whole file.

    A malformed header and one with several ranges select the whole file, which RFC 9110 section
    14.2 allows. Raises RangeNotSatisfiable.
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
    """Whether an ``If-None-Match`` header lists this etag (weak comparison)."""
    if header is None:
        return False
    if header.strip() == "*":
        return True
    return etag in (part.strip().removeprefix("W/").strip('"') for part in header.split(","))
