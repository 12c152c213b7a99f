"""Globs in time that grows with the text only as its length: no pattern backtracks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

MAX_LENGTH: Final = 1_000
"""Characters of the longest glob: with ``?`` the time is the product of both lengths."""

_Find = Callable[[str, int], int]
"""The position of a part in a text, from a position on; -1 if it does not occur."""


class Glob:
    """``*`` is any text, ``?`` one character other than a slash.

    An expression with several ``.*`` takes time to the power of their number if it does not match.
    Here each part between the stars is searched once, leftmost first, which finds every match.
    """

    __slots__ = ("_first", "_last", "_middle", "_parts")

    def __init__(self, pattern: str) -> None:
        self._parts = pattern.split("*")
        self._first, *middle, self._last = (self._parts[0], *self._parts[1:-1], self._parts[-1])
        self._middle = [(_finder(part), len(part)) for part in middle if part]

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        if len(self._parts) == 1:
            return len(text) == len(self._first) and _finder(self._first)(text, 0) == 0
        position, end = len(self._first), len(text) - len(self._last)
        if end < position or _finder(self._first)(text[:position], 0) != 0:
            return False
        if _finder(self._last)(text[end:], 0) != 0:
            return False
        for find, length in self._middle:
            start = find(text[:end], position)
            if start < 0:
                return False
            position = start + length
        return position <= end


def _finder(part: str) -> _Find:
    if "?" not in part:
        return lambda text, start: text.find(part, start)
    letters = ("[^/]" if letter == "?" else re.escape(letter) for letter in part)
    expression = re.compile("".join(letters), re.DOTALL)

    def find(text: str, start: int) -> int:
        match = expression.search(text, start)
        return -1 if match is None else match.start()

    return find
