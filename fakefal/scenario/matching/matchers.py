"""Matchers over JSON. An object matches as a subset; operators (``$…``) are in ``operators``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from fakefal.protocol.core.call import Json
from fakefal.scenario.matching.scalars import MISSING, get_field, normalize, scalar_key
from fakefal.scenario.matching.texts import (
    close_name,
    common_prefix,
    describe_lack,
    describe_long,
    is_short,
)
from fakefal.scenario.matching.time_budget import search

if TYPE_CHECKING:
    import regex


@dataclass(frozen=True, slots=True)
class Difference:
    """One reason why a value does not match; ``weight`` sorts near misses (0 to 1 in an input)."""

    path: str
    text: str
    weight: float = 1.0

    def __str__(self) -> str:
        return f"{self.path} {self.text}"


class Matcher(Protocol):
    """A compiled pattern. Neither method raises, whatever the JSON."""

    def matches(self, value: Json) -> bool: ...

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        """Why the value does not match; empty exactly if it does."""
        ...


class PatternError(ValueError):
    """A pattern that cannot be compiled; ``path`` leads to the wrong part of it."""

    def __init__(self, path: tuple[str | int, ...], message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.suggestion = suggestion


def _describe_function(value: Any) -> str:
    """Shows a function, which patterns of tests may contain in place of JSON."""
    if not callable(value):
        raise TypeError(f"{type(value).__name__} is not JSON")
    return f"the function {getattr(value, '__qualname__', type(value).__name__)}"


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=_describe_function)
_SEARCH_SECONDS = 0.1
"""Without a limit, an expression like ``(a|aa)+$`` would block the event loop for years."""

_COMPARED_CHARACTERS = 10_000
"""How much of two texts is compared to estimate their similarity."""


def quote(value: Json, limit: int = 80) -> str:
    """A JSON value on one line, cut to ``limit`` characters."""
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
    """A cheap estimate from 0 to 1: the length of the common prefix."""
    common = common_prefix(left[:_COMPARED_CHARACTERS], right[:_COMPARED_CHARACTERS])
    return common / max(len(left), len(right), 1)


@dataclass(frozen=True, slots=True)
class Equal:
    """A scalar that equals this one; ``key`` is its ``scalar_key``."""

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
            wanted, actual = self.key[1], normalize(value)
            weight = 1 - 0.8 * _similarity(value, wanted)
            if not (is_short(wanted) and is_short(actual)):
                yield Difference(path, describe_long(actual, wanted), weight)
                return
        yield Difference(path, f"is {quote(value)}, wanted {self.quoted}", weight)


@dataclass(frozen=True, slots=True)
class Subset:
    """An object that has at least these fields, each matching; names are in NFC."""

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
            field = get_field(value, name)
            differences = matcher.differences(field, f"{path}.{name}")
            if field is MISSING and (close := self._close_field(name, value)):
                for difference in differences:
                    text = f'{difference.text}: the call has "{close}", you wrote "{name}"'
                    yield Difference(difference.path, text, 0.6 * difference.weight)
            else:
                yield from differences

    def _close_field(self, name: str, value: dict[str, Json]) -> str:
        """A field of the value with nearly this name, which the pattern does not mention."""
        mentioned = {other for other, _ in self.fields}
        return close_name(name, (other for other in value if other not in mentioned))


@dataclass(frozen=True, slots=True)
class Items:
    """A list of the same length, each item matching the matcher at its index."""

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
    """A text that contains this text, a list with a matching item, or an object with this key."""

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
            hint = ""
            if isinstance(value, str) and isinstance(self.needle, str):
                hint = describe_lack(normalize(value), self.needle)
            text = f"lacks {quote(self.needle)}, got {quote(value)}{hint}"
            yield Difference(path, text, 0.7 if hint else 0.8)


@dataclass(frozen=True, slots=True)
class Regex:
    """A text in which the expression is found; a search that takes too long does not match."""

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
            yield Difference(path, f"{text}: avoid repetitions inside repetitions", 0.8)

    def _search(self, value: Json) -> bool:
        """Raises TimeoutError where the expression backtracks for too long."""
        if not isinstance(value, str):
            return False
        return search(self.expression, normalize(value), _SEARCH_SECONDS)


@dataclass(frozen=True, slots=True)
class AllOf:
    """``$all``, and an object with more than one operator."""

    matchers: tuple[Matcher, ...]

    def matches(self, value: Json) -> bool:
        return all(matcher.matches(value) for matcher in self.matchers)

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        for matcher in self.matchers:
            yield from matcher.differences(value, path)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``$any``: at least one of several matchers."""

    matchers: tuple[Matcher, ...]
    quoted: str

    def matches(self, value: Json) -> bool:
        return any(matcher.matches(value) for matcher in self.matchers)

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        if not self.matches(value):
            yield Difference(path, f"is {quote(value)}, wanted any of {self.quoted}")


@dataclass(frozen=True, slots=True)
class Not:
    """``$not``: everything that the inner matcher does not match."""

    inner: Matcher
    quoted: str

    def matches(self, value: Json) -> bool:
        return not self.inner.matches(value)

    def differences(self, value: Json, path: str) -> Iterator[Difference]:
        if self.inner.matches(value):
            yield Difference(path, f"is {quote(value)}, wanted anything but {self.quoted}")


@dataclass(frozen=True, slots=True)
class Satisfies:
    """A value for which a condition holds; ``expected`` words it for the difference."""

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
    """``$length``: a text, list or object whose length matches."""

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
