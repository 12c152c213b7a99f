"""Words the difference of two texts, and finds names that are nearly the same."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHORT = 80
_BEFORE, _AFTER = 20, 40
_MAX_NAMES = 200
_NEARLY = 0.75


def common_prefix(left: str, right: str) -> int:
    """The number of characters at which two texts begin alike."""
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))


def is_short(text: str) -> bool:
    """Whether an error message can show the whole text."""
    return len(text) <= _SHORT


def window(text: str, at: int) -> str:
    """The text around a position, in quotes: ``…"of the lazy dog"…``; ``at`` counts from 0."""
    start, end = max(0, at - _BEFORE), at + _AFTER
    piece = text[start:end].replace("\n", "\\n")
    return f'{"…" if start else ""}"{piece}"{"…" if end < len(text) else ""}'


def describe_long(actual: str, wanted: str) -> str:
    """Where two long texts differ first, with its offset in characters from 1."""
    at = common_prefix(actual, wanted)
    return (
        f"differs at character {at + 1}: is {window(actual, at)}, wanted {window(wanted, at)} "
        f"({len(actual)} and {len(wanted)} characters)"
    )


def describe_lack(text: str, needle: str) -> str:
    """What a text has instead of a needle: other letter case, or its beginning; else empty."""
    folded = text.casefold().find(needle.casefold())
    if folded >= 0:
        piece = text[folded : folded + len(needle)]
        return f'; letter case differs: it has "{piece}" at character {folded + 1}'
    low, high = 0, len(needle)
    while low < high:  # the longest beginning of the needle that occurs
        middle = (low + high + 1) // 2
        low, high = (middle, high) if needle[:middle] in text else (low, middle - 1)
    if low < 4 or low < len(needle) / 3:
        return ""
    at = text.find(needle[:low])
    return f"; nearest at character {at + 1}: {window(text, at + low)}"


def close_name(name: str, names: Iterable[str]) -> str:
    """The name that is nearly the same, or an empty text."""
    candidates = list(names)[:_MAX_NAMES]
    lowered = {other.lower().replace("-", "_"): other for other in candidates}
    close = difflib.get_close_matches(name.lower().replace("-", "_"), lowered, n=1, cutoff=_NEARLY)
    return lowered[close[0]] if close else ""
