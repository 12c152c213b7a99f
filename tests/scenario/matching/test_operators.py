"""Operators: what each matches, and the errors of patterns that cannot be compiled."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.matching.operators import OPERATORS, compile_pattern
from fakefal.scenario.matching.scalars import MISSING


def test_an_operator_matches_these_and_not_those() -> None:
    table: list[tuple[Any, list[Any], list[Any]]] = [
        ({"$eq": {"a": 1}}, [{"a": 1}, {"a": 1.0}], [{"a": 1, "b": 2}, {}, None, {"a": True}]),
        ({"$eq": {"$gt": 1}}, [{"$gt": 1}], [2]),
        ({"$eq": [1, "é"]}, [[1, "e\u0301"]], [[1], [1, "é", 2], ["é", 1]]),
        ({"$eq": None}, [None], [False, 0, "", MISSING]),
        ({"$contains": "ag"}, ["tagline", ["ag"], {"ag": 1}], ["Ag", ["tag"], {}, 5, None]),
        ({"$contains": "é"}, ["cafe\u0301", {"e\u0301": 1}], ["cafe"]),
        ({"$contains": 5}, [[1, 5.0]], ["5", 5, [True], {"5": 1}]),
        ({"$contains": {"a": 1}}, [[{"a": 1, "b": 2}]], [[{"b": 1}], {"a": 1}]),
        ({"$contains": {"$gt": 3}}, [[1, 4]], [[1, 3], 4]),
        ({"$regex": "^a.c"}, ["abcd"], ["xabc", 5, None, ["abc"], MISSING]),
        ({"$regex": "[[a]"}, ["[", "a"], ["b"]),
        ({"$regex": "é$"}, ["cafe\u0301"], ["cafe"]),
        ({"$any": [1, {"$contains": "x"}]}, [1, 1.0, "xy"], [2, "y", True]),
        ({"$all": [{"$gt": 1}, {"$lt": 5}]}, [2, 4.9], [1, 5, "3"]),
        ({"$not": "x"}, ["y", None, 5, MISSING], ["x"]),
        ({"$not": {"$any": [1, 2]}}, [3], [1, 2]),
        ({"$gt": 1}, [1.5, 10**400], [1, "2", True, None, MISSING]),
        ({"$gte": 1}, [1, 1.0], [0.9, True]),
        ({"$lt": 1}, [0, -1e300], [1, False]),
        ({"$lte": 1}, [1], [1.1, 10**400]),
        ({"$gt": 1, "$lt": 3}, [2], [1, 3]),
        ({"$absent": True}, [MISSING], [None, 0, "", {}]),
        ({"$absent": False}, [None, 0, ""], [MISSING]),
        ({"$type": "string"}, ["", "a"], [5, None, MISSING]),
        ({"$type": "number"}, [1, 1.5], [True, "1"]),
        ({"$type": "integer"}, [1, 2.0], [1.5, True, "1"]),
        ({"$type": "boolean"}, [True, False], [0, 1]),
        ({"$type": "array"}, [[]], [{}, "a"]),
        ({"$type": "object"}, [{}], [[], None]),
        ({"$type": "null"}, [None], [MISSING, False, 0]),
        ({"$length": 2}, ["ab", [1, 2], {"a": 1, "b": 2}], ["a", 2, None, MISSING]),
        ({"$length": 4}, ["café", "cafe\u0301"], ["cafes\u0301"]),
        ({"$length": {"$gt": 1}}, ["ab"], ["a"]),
    ]
    wrong = []
    for pattern, matching, others in table:
        matcher = compile_pattern(pattern)
        wrong += [(pattern, value) for value in matching if not matcher.matches(value)]
        wrong += [(pattern, value) for value in others if matcher.matches(value)]
    assert wrong == []


def test_the_table_above_has_every_operator() -> None:
    words = "$eq $contains $regex $any $all $not $gt $gte $lt $lte $absent $type $length"
    assert list(OPERATORS) == words.split()


WRONG_PATTERNS: list[tuple[Any, tuple[str | int, ...], str, str]] = [
    (
        {"a": {"$contain": 1}},
        ("a", "$contain"),
        "unknown operator $contain",
        "did you mean $contains?",
    ),
    (
        {"$zzz": 1},
        ("$zzz",),
        "unknown operator $zzz",
        "one of $eq $contains $regex $any $all $not $gt $gte $lt $lte $absent $type $length",
    ),
    (
        {"a": {"$gt": 1, "b": 2}},
        ("a",),
        'mixes the operator $gt with the field "b"',
        'write the operators inside a field, or use "$all"',
    ),
    ({"$regex": 5}, ("$regex",), "5 is not a regular expression", "quote it"),
    (
        {"$regex": "("},
        ("$regex",),
        '"(" is not a valid regular expression (at character 1)',
        "escape special characters with \\; in YAML use single quotes",
    ),
    (
        {"$regex": "(?<=a+)b"},
        ("$regex",),
        '"(?<=a+)b" is not a valid regular expression',
        "escape special characters with \\; in YAML use single quotes",
    ),
    ({"$any": []}, ("$any",), "[] is not a list of patterns", "write [a, b]"),
    ({"$all": {"a": 1}}, ("$all",), '{"a": 1} is not a list of patterns', "write [a, b]"),
    ({"$gt": "5"}, ("$gt",), '"5" is not a number', "write a number"),
    ({"$lte": True}, ("$lte",), "true is not a number", "write a number"),
    ({"$absent": "yes"}, ("$absent",), '"yes" is not true or false', "write $absent: true"),
    (
        {"$type": "int"},
        ("$type",),
        '"int" is not a JSON type',
        "one of string, number, integer, boolean, array, object, null",
    ),
    (
        {"$any": [1, {"$x": 1}]},
        ("$any", 1, "$x"),
        "unknown operator $x",
        "one of $eq $contains $regex $any $all $not $gt $gte $lt $lte $absent $type $length",
    ),
    ([{"a": {"$gt": None}}], (0, "a", "$gt"), "null is not a number", "write a number"),
    ({5: 1}, (), "5 is not a key", "JSON has only string keys"),
]


def test_a_wrong_pattern_has_a_path_a_reason_and_a_hint() -> None:
    wrong = []
    for pattern, path, message, suggestion in WRONG_PATTERNS:
        with pytest.raises(PatternError) as caught:
            compile_pattern(pattern)
        error = caught.value
        if (error.path, error.message, error.suggestion) != (path, message, suggestion):
            wrong.append((pattern, error.path, error.message, error.suggestion))
    assert wrong == []


def test_a_pattern_nested_too_deeply_is_rejected() -> None:
    pattern: Any = 1
    for _ in range(1000):
        pattern = [pattern]
    with pytest.raises(PatternError, match="nested too deeply"):
        compile_pattern(pattern)
