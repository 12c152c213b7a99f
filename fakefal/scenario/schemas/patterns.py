"""Generates a text that matches a regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

MAX_LENGTH = 1_000
_MAX_REPEATS = 3
"""How often an unbounded repeat is repeated beyond its minimum."""

_CATEGORIES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_WORD": "abcdefghijklmnopqrstuvwxyz0123456789_",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "abcdefghijklmnopqrstuvwxyz",
    "CATEGORY_NOT_WORD": "-.!",
    "CATEGORY_NOT_SPACE": "abcdefghijklmnopqrstuvwxyz0123456789",
}
_PRINTABLE = "".join(map(chr, (*range(97, 123), *range(48, 58), *range(65, 91), 45, 46, 95, 32)))


def text_of_pattern(pattern: str, numbers: Iterator[int]) -> str | None:
    """A text for a pattern, chosen by numbers (0 to 255); None for one that is not supported.

    Lookaround and boundaries are ignored, so the caller has to check the text.
    """
    # re._parser is private, but has had this form since Python 2; a change makes patterns
    # unsupported, not wrong, as every text is checked.
    try:
        import re._parser as parser  # type: ignore[import-not-found]
    except ImportError:  # Python 3.10
        import sre_parse as parser

    try:
        parsed = parser.parse(pattern)
        return _Text(numbers).sequence(parsed)[:MAX_LENGTH]
    except (re.error, ValueError, TypeError, LookupError, ArithmeticError, RecursionError):
        return None
    except _Unsupported:
        return None


class _Unsupported(Exception):
    """A construct for which no text is generated."""


class _Text:
    def __init__(self, numbers: Iterator[int]) -> None:
        self._numbers = numbers
        self._groups: dict[int, str] = {}
        self._length = 0

    def sequence(self, items: Any) -> str:
        return "".join(self._item(str(operation), argument) for operation, argument in items)

    def _item(self, operation: str, argument: Any) -> str:
        if operation == "LITERAL":
            return self._counted(chr(argument))
        if operation in ("NOT_LITERAL", "ANY"):
            banned = chr(argument) if operation == "NOT_LITERAL" else ""
            return self._counted(self._one_of([char for char in _PRINTABLE if char != banned]))
        if operation == "IN":
            return self._counted(self._one_of(_characters(argument)))
        if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, inner = argument
            spread = min(int(high) - low, _MAX_REPEATS)
            if low > MAX_LENGTH:
                raise _Unsupported
            count = low + next(self._numbers) % (spread + 1)
            return "".join(self.sequence(inner) for _ in range(count))
        if operation == "SUBPATTERN":
            group, _, _, inner = argument
            text = self.sequence(inner)
            self._groups[group] = text
            return text
        if operation == "BRANCH":
            return self.sequence(self._one_of(argument[1]))
        if operation == "GROUPREF":
            return self._groups[argument]
        if operation == "ATOMIC_GROUP":
            return self.sequence(argument)
        if operation in ("AT", "ASSERT", "ASSERT_NOT"):
            return ""
        raise _Unsupported

    def _one_of(self, choices: Any) -> Any:
        return choices[next(self._numbers) % len(choices)]

    def _counted(self, text: str) -> str:
        self._length += 1
        if self._length > MAX_LENGTH:
            raise _Unsupported
        return text


def _characters(items: Any) -> str:
    """The characters of a class; printable ones that are not in it, if it is negated."""
    is_negated = bool(items) and str(items[0][0]) == "NEGATE"
    characters = ""
    for operation, argument in items[1:] if is_negated else items:
        if str(operation) == "LITERAL":
            characters += chr(argument)
        elif str(operation) == "RANGE":
            low, high = argument
            characters += "".join(map(chr, range(low, min(high, low + 255) + 1)))
        elif str(operation) == "CATEGORY":
            characters += _CATEGORIES[str(argument)]
    if is_negated:
        return "".join(char for char in _PRINTABLE if char not in characters)
    return characters
