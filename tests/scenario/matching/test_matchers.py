"""Matchers over JSON: what they match, the differences they report, and that they never raise."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.scenario.matching.matchers import quote
from fakefal.scenario.matching.operators import compile_pattern
from fakefal.scenario.matching.scalars import MISSING
from tests.scenario.strategies import JSON, PATTERNS


def differences(pattern: Any, value: Any) -> list[str]:
    return [str(line) for line in compile_pattern(pattern).differences(value, "input")]


def shuffled(value: Any) -> Any:
    """The same JSON with the keys of every object reversed."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


def as_floats(value: Any) -> Any:
    """The same JSON with whole numbers written as ``1.0``."""
    if isinstance(value, dict):
        return {key: as_floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    is_small = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
    return float(value) if is_small else value


def in_form(value: Any, form: Any) -> Any:
    """The same JSON in another unicode form, keys included."""
    if isinstance(value, dict):
        return {in_form(key, form): in_form(inner, form) for key, inner in value.items()}
    if isinstance(value, list):
        return [in_form(item, form) for item in value]
    return unicodedata.normalize(form, value) if isinstance(value, str) else value


@given(PATTERNS, JSON)
def test_a_value_matches_exactly_if_nothing_differs(pattern: Any, value: Any) -> None:
    matcher = compile_pattern(pattern)
    assert matcher.matches(value) == (not list(matcher.differences(value, "input")))


@given(PATTERNS)
def test_an_absent_value_can_be_matched_too(pattern: Any) -> None:
    matcher = compile_pattern(pattern)
    assert matcher.matches(MISSING) == (not list(matcher.differences(MISSING, "input")))


@given(PATTERNS, JSON)
def test_the_order_of_keys_does_not_matter(pattern: Any, value: Any) -> None:
    matches = compile_pattern(pattern).matches(value)
    assert compile_pattern(shuffled(pattern)).matches(shuffled(value)) == matches


@given(PATTERNS, JSON)
def test_the_form_of_numbers_does_not_matter(pattern: Any, value: Any) -> None:
    matches = compile_pattern(pattern).matches(value)
    assert compile_pattern(pattern).matches(as_floats(value)) == matches


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@given(PATTERNS, JSON)
def test_the_form_of_unicode_does_not_matter(form: str, pattern: Any, value: Any) -> None:
    one_form = in_form(value, "NFC")  # otherwise two keys could become one
    matches = compile_pattern(pattern).matches(one_form)
    assert compile_pattern(pattern).matches(in_form(one_form, form)) == matches


@given(JSON)
def test_a_literal_without_operators_matches_itself(value: Any) -> None:
    value = in_form(value, "NFC")  # an object with both spellings of one key is ambiguous
    assert compile_pattern(value).matches(value)
    assert compile_pattern({"$eq": value}).matches(value)
    assert not compile_pattern({"$not": value}).matches(value)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [(1, True), (True, 1), (0, False), (False, 0), (1.0, True), (None, False), ("1", 1), (1, "1")],
)
def test_true_is_not_one_and_text_is_not_a_number(pattern: Any, value: Any) -> None:
    assert not compile_pattern(pattern).matches(value)
    assert not compile_pattern({"$eq": [pattern]}).matches([value])


def test_an_object_is_matched_as_a_subset_and_a_list_item_by_item() -> None:
    matcher = compile_pattern({"a": {"b": 1}, "list": [{"c": 2}]})
    assert matcher.matches({"a": {"b": 1, "x": 0}, "list": [{"c": 2, "y": 0}], "z": 0})
    assert not matcher.matches({"a": {"b": 1}, "list": [{"c": 2}, {"c": 2}]})


def test_a_difference_has_the_path_the_actual_and_the_expected_value() -> None:
    table: list[tuple[Any, Any, str]] = [
        ({"a": "x"}, {"a": "y"}, 'input.a is "y", wanted "x"'),
        ({"a": "x"}, {}, 'input.a is absent, wanted "x"'),
        ({"a": "x"}, [1], "input is [1], wanted an object"),
        ([1], {"a": 1}, 'input is {"a": 1}, wanted a list'),
        ([1, 2], [1], "input has 1 entries, wanted 2"),
        ([{"b": 1}], [{"b": 2}], "input[0].b is 2, wanted 1"),
        ({"$contains": "x"}, "abc", 'input lacks "x", got "abc"'),
        ({"a": {"$contains": "x"}}, {}, 'input.a lacks "x", got nothing'),
        ({"$regex": "^x"}, "abc", 'input does not match /^x/, got "abc"'),
        ({"$any": [1, 2]}, 3, "input is 3, wanted any of [1, 2]"),
        ({"$not": 1}, 1, "input is 1, wanted anything but 1"),
        ({"$gt": 1}, 1, "input is 1, wanted more than 1"),
        ({"$gte": 1}, 0, "input is 0, wanted at least 1"),
        ({"$lt": 1}, 1, "input is 1, wanted less than 1"),
        ({"$lte": 1}, 2, "input is 2, wanted at most 1"),
        ({"$type": "string"}, 2, "input is 2, wanted type string"),
        ({"a": {"$absent": True}}, {"a": 1}, "input.a is 1, wanted it absent"),
        ({"a": {"$absent": False}}, {}, "input.a is absent, wanted it present"),
        ({"$eq": {"a": 1}}, {"a": 1, "b": 2}, "input.b is 2, wanted no such field"),
        ({"$length": 2}, "abc", "input (length) is 3, wanted 2"),
        ({"$length": 2}, 5, "input is 5, which has no length"),
    ]
    wrong = []
    for pattern, value, text in table:
        if differences(pattern, value) != [text]:
            wrong.append((pattern, value, differences(pattern, value)))
    assert wrong == []


def test_all_differences_are_reported() -> None:
    assert differences({"a": 1, "b": {"$gt": 5, "$lt": 9}}, {"b": 1}) == [
        "input.a is absent, wanted 1",
        "input.b is 1, wanted more than 5",
    ]


def test_a_text_that_is_nearly_right_weighs_less() -> None:
    def weight(value: Any) -> float:
        (difference,) = compile_pattern("Write a tagline").differences(value, "")
        return difference.weight

    assert weight("Write a taglin") < weight("Write me") < weight("zzz") <= weight(5)


@given(st.text(max_size=300))
def test_a_quoted_value_stays_on_one_short_line(text: str) -> None:
    shown = quote({"a": text})
    assert len(shown) <= 80
    assert "\n" not in shown


def test_values_too_large_or_too_deep_to_show_do_not_raise() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert quote(10**5000) == "a value too large to show (int)"
    assert quote(deep) == "[" * 79 + "…"
    assert differences({"a": 1}, deep) == [f"input is {quote(deep)}, wanted an object"]


def test_large_values_are_shown_without_being_written_out() -> None:
    assert quote("x" * 10_000_000) == f'"{"x" * 78}…'
    assert quote(["a"] * 10_000_000).startswith('["a", "a"')
    assert differences({"a": "x" * 5_000_000}, {"a": "x" * 4_999_999})


def test_an_expression_that_backtracks_too_long_does_not_match_and_says_why() -> None:
    matcher = compile_pattern({"$regex": "(a|aa)+$"})
    value = "a" * 80 + "b"
    assert not matcher.matches(value)
    (difference,) = matcher.differences(value, "input.prompt")
    assert str(difference) == (
        "input.prompt takes more than 0.1 s to match with /(a|aa)+$/: "
        "avoid repetitions inside repetitions"
    )
    assert matcher.matches("b aa")
