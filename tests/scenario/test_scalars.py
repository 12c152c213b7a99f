"""Scalars as matching compares them."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from fakefal.scenario.operators import compile_pattern
from fakefal.scenario.scalars import MISSING, normal, pick, scalar_key


def differences(pattern: Any, value: Any) -> list[str]:
    return [str(found) for found in compile_pattern(pattern).differences(value, "input")]


def shuffled(value: Any) -> Any:
    """The same JSON with every object's keys the other way round."""
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


@pytest.mark.parametrize(
    ("pattern", "value"), [(1, 1.0), (1.0, 1), (0, -0.0), ("é", "e\u0301"), ("e\u0301", "é")]
)
def test_two_spellings_of_a_scalar_are_one(pattern: Any, value: Any) -> None:
    assert compile_pattern(pattern).matches(value)
    assert scalar_key(pattern) == scalar_key(value)


@pytest.mark.parametrize("key", ["é", "e\u0301"])
def test_a_field_is_found_in_either_form_of_its_name(key: str) -> None:
    assert pick({key: 1}, normal("e\u0301")) == 1
    assert compile_pattern({"e\u0301": 1}).matches({key: 1})


def test_a_field_that_is_not_there_is_missing() -> None:
    assert pick({"a": None}, "é") is MISSING
    assert pick({"a": None}, "a") is None
