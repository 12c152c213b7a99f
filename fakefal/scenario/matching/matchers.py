"""Matchers over JSON: a literal is matched as a subset, ``$…`` keys are operators."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from fakefal.protocol.core.call import Json
from fakefal.scenario.matching.scalars import MISSING, get_field, normalize, scalar_key

if TYPE_CHECKING:
    import regex


@dataclass(frozen=True, slots=True)
class Difference:
    """The first way in which a value is not what a pattern wants; ``weight`` from 0 to 1."""

    path: str
    text: str
    weight: float = 1.0

    def __str__(self) -> str:
        return f"{self.path} {self.text}"


class Matcher(Protocol):
    """One compiled pattern. Neither method raises, whatever the JSON."""

    def matches(self, value: Json) -> bool:
        """Whether the value is as the pattern wants it."""
        ...

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        """What is not; nothing exactly if ``matches``."""
        ...


class PatternError(ValueError):
    """A pattern that cannot be compiled; ``path`` leads to the place inside it."""

    def __init__(self, path: tuple[str | int, ...], what: str, right: str = "") -> None:
        super().__init__(what)
        self.path = path
        self.what = what
        self.right = right


def _describe_function(value: Any) -> str:
    """What is no JSON: the functions that tests may write for values."""
    if not callable(value):
        raise TypeError(f"{type(value).__name__} is no JSON")
    return f"the function {getattr(value, '__qualname__', type(value).__name__)}"


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=_describe_function)
_SEARCH_SECONDS = 0.5
"""An expression like ``(a|aa)+$`` would hold up the whole server for years otherwise."""

_COMPARED_CHARACTERS = 10_000
"""So many characters of two texts are compared to say how alike they are."""


def quote(value: Json, limit: int = 80) -> str:
    """A JSON value on one short line."""
    if value is MISSING:
        return "nothing"
    text = ""
    try:
        for piece in _ENCODER.iterencode(value[:limit] if isinstance(value, str) else value):
            text += piece[: limit + 1]
            if len(text) > limit:
                break
    except (ValueError, TypeError, RecursionError):
        text = f"a value too large to show ({type(value).__name__})"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _similarity(left: str, right: str) -> float:
    """How alike two texts are, 0 to 1, cheaply: by their common beginning and length."""
    common = 0
    for one, other in zip(left[:_COMPARED_CHARACTERS], right[:_COMPARED_CHARACTERS], strict=False):
        if one != other:
            break
        common += 1
    return common / max(len(left), len(right), 1)


@dataclass(frozen=True, slots=True)
class Equal:
    """A scalar, the same as given."""

    key: tuple[str, Any]
    quoted: str

    def matches(self, value: Json) -> bool:
        return scalar_key(value) == self.key

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        if self.matches(value):
            return
        if value is MISSING:
            yield Difference(path, f"is absent, wanted {self.quoted}")
            return
        weight = 1.0
        if isinstance(value, str) and self.key[0] == "s":
            weight = 1 - 0.8 * _similarity(value, self.key[1])
        yield Difference(path, f"is {quote(value)}, wanted {self.quoted}", weight)


@dataclass(frozen=True, slots=True)
class Subset:
    """An object that has at least these fields (names in NFC), each matching."""

    fields: tuple[tuple[str, Matcher], ...]

    def matches(self, value: Json) -> bool:
        if not isinstance(value, dict):
            return False
        for name, matcher in self.fields:  # noqa: SIM110 - a generator doubles the time
            if not matcher.matches(get_field(value, name)):
                return False
        return True

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        if not isinstance(value, dict):
            yield Difference(path, f"is {quote(value)}, wanted an object")
            return
        for name, matcher in self.fields:
            yield from matcher.differences(get_field(value, name), f"{path}.{name}")


@dataclass(frozen=True, slots=True)
class Items:
    """A list of as many entries, each matching its own."""

    items: tuple[Matcher, ...]

    def matches(self, value: Json) -> bool:
        return (
            isinstance(value, list)
            and len(value) == len(self.items)
            and all(map(lambda m, v: m.matches(v), self.items, value))
        )

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        if not isinstance(value, list):
            yield Difference(path, f"is {quote(value)}, wanted a list")
            return
        if len(value) != len(self.items):
            text = f"has {len(value)} entries, wanted {len(self.items)}"
            yield Difference(path, text)
            return
        for index, (matcher, item) in enumerate(zip(self.items, value, strict=True)):
            yield from matcher.differences(item, f"{path}[{index}]")


@dataclass(frozen=True, slots=True)
class Contains:
    """A text with this in it, a list with such an entry, or an object with such a key."""

    needle: Json
    inner: Matcher

    def matches(self, value: Json) -> bool:
        if isinstance(value, str):
            return isinstance(self.needle, str) and self.needle in normalize(value)
        if isinstance(value, list):
            return any(self.inner.matches(item) for item in value)
        return (
            isinstance(value, dict)
            and isinstance(self.needle, str)
            and get_field(value, self.needle) is not MISSING
        )

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        if not self.matches(value):
            yield Difference(path, f"lacks {quote(self.needle)}, got {quote(value)}", 0.8)


@dataclass(frozen=True, slots=True)
class Regex:
    """A text in which the expression is found; one that takes too long to tell does not match."""

    expression: regex.Pattern[str]

    def matches(self, value: Json) -> bool:
        try:
            return self._search(value)
        except TimeoutError:
            return False

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        pattern = self.expression.pattern
        try:
            if not self._search(value):
                yield Difference(path, f"does not match /{pattern}/, got {quote(value)}", 0.8)
        except TimeoutError:
            text = f"takes more than {_SEARCH_SECONDS:g} s to match with /{pattern}/"
            yield Difference(path, f"{text}: write it with fewer repetitions in repetitions", 0.8)

    def _search(self, value: Json) -> bool:
        """Raises TimeoutError where the expression tries too many ways."""
        if not isinstance(value, str):
            return False
        return self.expression.search(normalize(value), timeout=_SEARCH_SECONDS) is not None


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of several matchers; also an object with more than one operator."""

    matchers: tuple[Matcher, ...]

    def matches(self, value: Json) -> bool:
        return all(matcher.matches(value) for matcher in self.matchers)

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        for matcher in self.matchers:
            yield from matcher.differences(value, path)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of several matchers."""

    matchers: tuple[Matcher, ...]
    quoted: str

    def matches(self, value: Json) -> bool:
        return any(matcher.matches(value) for matcher in self.matchers)

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        if not self.matches(value):
            yield Difference(path, f"is {quote(value)}, wanted any of {self.quoted}")


@dataclass(frozen=True, slots=True)
class Not:
    """Anything that the inner matcher does not match."""

    inner: Matcher
    quoted: str

    def matches(self, value: Json) -> bool:
        return not self.inner.matches(value)

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        if self.inner.matches(value):
            yield Difference(path, f"is {quote(value)}, wanted anything but {self.quoted}")


@dataclass(frozen=True, slots=True)
class Satisfies:
    """A plain yes-or-no condition on the value."""

    __test__ = False
    condition: Callable[[Json], bool]
    expected: str

    def matches(self, value: Json) -> bool:
        return self.condition(value)

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        if not self.condition(value):
            actual = "is absent" if value is MISSING else f"is {quote(value)}"
            yield Difference(path, f"{actual}, wanted {self.expected}")


@dataclass(frozen=True, slots=True)
class Length:
    """A text, list or object whose length matches."""

    inner: Matcher

    def matches(self, value: Json) -> bool:
        return isinstance(value, (str, list, dict)) and self.inner.matches(_length(value))

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        if not isinstance(value, (str, list, dict)):
            yield Difference(path, f"is {quote(value)}, which has no length")
            return
        yield from self.inner.differences(_length(value), f"{path} (length)")


def _length(value: str | list[Json] | dict[str, Json]) -> int:
    return len(normalize(value) if isinstance(value, str) else value)


def glob(text: str) -> re.Pattern[str]:
    """A text in which ``*`` stands for anything and ``?`` for one character but a slash."""
    parts = ({"*": ".*", "?": "[^/]"}.get(letter, re.escape(letter)) for letter in text)
    return re.compile("".join(parts), re.DOTALL)
