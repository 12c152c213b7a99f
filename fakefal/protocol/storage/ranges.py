"""``Range`` and ``If-None-Match``: which bytes of a file a reader wants."""

from __future__ import annotations

import re
from typing import NamedTuple

_ONE = re.compile(r"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*")


class Span(NamedTuple):
    """Bytes from ``start`` up to ``stop``, which is not one of them."""

    start: int
    stop: int


class Unsatisfiable(ValueError):
    """A range of which a file has nothing: 416."""


def read_range(text: str | None, size: int) -> Span | None:
    """The bytes that a ``Range`` header asks for; None for the whole, and for what is malformed.

    Several ranges at once are answered with the whole file, as RFC 9110 allows. Raises
    Unsatisfiable.
    """
    found = _ONE.fullmatch(text) if text else None
    if found is None:
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        if int(last) == 0 or size == 0:
            raise Unsatisfiable
        return Span(max(0, size - int(last)), size)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return Span(start, min(size, int(last) + 1) if last else size)


def is_same(etag: str, header: str | None) -> bool:
    """Whether a header of etags names this one; ``W/`` and quotes do not matter."""
    if header is None:
        return False
    if header.strip() == "*":
        return True
    return etag in (part.strip().removeprefix("W/").strip('"') for part in header.split(","))
