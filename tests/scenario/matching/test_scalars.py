"""How matching compares scalars."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.matching.operators import compile_pattern
from fakefal.scenario.matching.scalars import MISSING, get_field, normalize, scalar_key


@pytest.mark.parametrize(
    ("pattern", "value"), [(1, 1.0), (1.0, 1), (0, -0.0), ("é", "e\u0301"), ("e\u0301", "é")]
)
def test_two_spellings_of_a_scalar_are_equal(pattern: Any, value: Any) -> None:
    assert compile_pattern(pattern).matches(value)
    assert scalar_key(pattern) == scalar_key(value)


@pytest.mark.parametrize("key", ["é", "e\u0301"])
def test_a_field_is_found_in_either_form_of_its_name(key: str) -> None:
    assert get_field({key: 1}, normalize("e\u0301")) == 1
    assert compile_pattern({"e\u0301": 1}).matches({key: 1})


def test_an_absent_field_is_missing() -> None:
    assert get_field({"a": None}, "é") is MISSING
    assert get_field({"a": None}, "a") is None
