"""Compiles patterns of ``when`` into matchers; ``OPERATORS`` is the table of ``$…`` operators."""

from __future__ import annotations

import difflib
import math
import operator
import re
import warnings
from collections.abc import Callable
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.scenario.matching.exactly import Exactly
from fakefal.scenario.matching.matchers import (
    AllOf,
    AnyOf,
    Contains,
    Equal,
    Items,
    Length,
    Matcher,
    Not,
    PatternError,
    Regex,
    Satisfies,
    Subset,
    quote,
)
from fakefal.scenario.matching.scalars import MISSING, normalize, scalar_key

Path = tuple[str | int, ...]

MAX_DEPTH = 60


def compile_pattern(pattern: Json, path: Path = ()) -> Matcher:
    """The matcher of a pattern; raises PatternError.

    ``{"$contains": "x", "$not": "xy"}`` requires both. An object without operators requires its
    fields and allows others.
    """
    if len(path) > MAX_DEPTH:
        raise PatternError(path[:3], "is nested too deeply", "flatten it")
    if isinstance(pattern, dict):
        for key in pattern:
            if not isinstance(key, str):
                raise PatternError(path, f"{key!r} is not a key", "JSON has only string keys")
        operators = [key for key in pattern if key.startswith("$")]
        if operators and len(operators) < len(pattern):
            field_name = next(key for key in pattern if key not in operators)
            message = f"mixes the operator {operators[0]} with the field {quote(field_name)}"
            raise PatternError(path, message, 'write the operators inside a field, or use "$all"')
        if operators:
            matchers = tuple(
                _compile_operator(key, pattern[key], (*path, key)) for key in operators
            )
            return matchers[0] if len(matchers) == 1 else AllOf(matchers)
        return _subset_matcher(pattern, path)
    if callable(pattern):
        from fakefal.scenario.matching.predicates import Predicate  # only tests have them

        return Predicate(pattern)
    if isinstance(pattern, list):
        return Items(
            tuple(compile_pattern(item, (*path, index)) for index, item in enumerate(pattern))
        )
    return _equal_matcher(pattern)


def _equal_matcher(pattern: Json) -> Matcher:
    key = scalar_key(pattern)
    if key is None:
        return Satisfies(lambda value: value == pattern, quote(pattern))
    return Equal(key, quote(pattern))


def _subset_matcher(pattern: dict[str, Json], path: Path) -> Matcher:
    return Subset(
        tuple(
            (normalize(name), compile_pattern(inner, (*path, name)))
            for name, inner in pattern.items()
        )
    )


def _compile_operator(name: str, argument: Json, path: Path) -> Matcher:
    build = OPERATORS.get(name)
    if build is None:
        close = difflib.get_close_matches(name, OPERATORS, n=1, cutoff=0.6)
        suggestion = f"did you mean {close[0]}?" if close else f"one of {' '.join(OPERATORS)}"
        raise PatternError(path, f"unknown operator {name}", suggestion)
    return build(argument, path)


def _eq(argument: Json, path: Path) -> Matcher:
    """``$eq``: the exact value; operators inside it are ordinary keys."""
    if scalar_key(argument) is not None:
        return _equal_matcher(argument)
    return Exactly(argument, quote(argument))


def _contains(argument: Json, path: Path) -> Matcher:
    needle = normalize(argument) if isinstance(argument, str) else argument
    return Contains(needle, compile_pattern(argument, path))


def _regex(argument: Json, path: Path) -> Matcher:
    if not isinstance(argument, str):
        raise PatternError(path, f"{quote(argument)} is not a regular expression", "quote it")
    import regex  # imported here: most scenarios have no expressions

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # FutureWarning: syntax that re may change some day
            # re defines the syntax, as users know it; regex accepts more, but its search takes
            # a timeout (pypi.org/project/regex, "Added timeout parameter"), which re's does not.
            re.compile(normalize(argument))
            return Regex(regex.compile(normalize(argument)))
    except (re.error, regex.error, RecursionError, OverflowError) as error:
        position = getattr(error, "pos", None)
        where = f" (at character {position + 1})" if isinstance(position, int) else ""
        message = f"{quote(argument)} is not a valid regular expression{where}"
        suggestion = r"escape special characters with \; in YAML use single quotes"
        raise PatternError(path, message, suggestion) from None


def _compile_list(argument: Json, path: Path) -> tuple[Matcher, ...]:
    if not isinstance(argument, list) or not argument:
        raise PatternError(path, f"{quote(argument)} is not a list of patterns", "write [a, b]")
    return tuple(compile_pattern(item, (*path, index)) for index, item in enumerate(argument))


def _any(argument: Json, path: Path) -> Matcher:
    return AnyOf(_compile_list(argument, path), quote(argument))


def _all(argument: Json, path: Path) -> Matcher:
    return AllOf(_compile_list(argument, path))


def _not(argument: Json, path: Path) -> Matcher:
    return Not(compile_pattern(argument, path), quote(argument))


def _compare(word: str, test: Callable[[Any, Any], bool]) -> Callable[[Json, Path], Matcher]:
    def build(argument: Json, path: Path) -> Matcher:
        if isinstance(argument, bool) or not isinstance(argument, (int, float)):
            raise PatternError(path, f"{quote(argument)} is not a number", "write a number")

        def condition(value: Json) -> bool:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return False
            return not (isinstance(value, float) and math.isnan(value)) and test(value, argument)

        return Satisfies(condition, f"{word} {argument}")

    return build


def _absent(argument: Json, path: Path) -> Matcher:
    if not isinstance(argument, bool):
        raise PatternError(path, f"{quote(argument)} is not true or false", "write $absent: true")
    if argument:
        return Satisfies(lambda value: value is MISSING, "it absent")
    return Satisfies(lambda value: value is not MISSING, "it present")


_TYPES: dict[str, Callable[[Json], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def _type(argument: Json, path: Path) -> Matcher:
    condition = _TYPES.get(argument) if isinstance(argument, str) else None
    if condition is None:
        types = ", ".join(_TYPES)
        raise PatternError(path, f"{quote(argument)} is not a JSON type", f"one of {types}")
    return Satisfies(condition, f"type {argument}")


def _length(argument: Json, path: Path) -> Matcher:
    return Length(compile_pattern(argument, path))


OPERATORS: dict[str, Callable[[Json, Path], Matcher]] = {
    "$eq": _eq,
    "$contains": _contains,
    "$regex": _regex,
    "$any": _any,
    "$all": _all,
    "$not": _not,
    "$gt": _compare("more than", operator.gt),
    "$gte": _compare("at least", operator.ge),
    "$lt": _compare("less than", operator.lt),
    "$lte": _compare("at most", operator.le),
    "$absent": _absent,
    "$type": _type,
    "$length": _length,
}
"""Every operator by its name."""
