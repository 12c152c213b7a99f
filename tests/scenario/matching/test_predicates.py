"""Functions as matchers."""

from __future__ import annotations

from typing import Any

from fakefal.scenario.matching.operators import compile_pattern
from fakefal.scenario.matching.predicates import Predicate, function_name, functions_in
from fakefal.scenario.matching.scalars import MISSING


def is_long(value: Any) -> bool:
    return len(value) > 3


def test_a_function_matches_or_not_and_never_raises() -> None:
    matcher = compile_pattern({"prompt": is_long})
    assert matcher.matches({"prompt": "tagline"})
    assert not matcher.matches({"prompt": "tag"})
    assert not matcher.matches({"prompt": 7})
    assert not matcher.matches({})


def test_a_difference_names_the_function() -> None:
    (difference,) = Predicate(is_long).differences("tag", "input.prompt")
    expected = 'input.prompt is "tag", wanted a value that is_long (test_predicates.py:'
    assert str(difference).startswith(expected)
    (difference,) = Predicate(is_long).differences(MISSING, "input.prompt")
    assert str(difference).startswith("input.prompt is absent")
    assert list(Predicate(is_long).differences("tagline", "x")) == []


def test_functions_work_at_any_depth_and_inside_operators() -> None:
    pattern = {"a": [1, {"$any": ["x", is_long]}]}
    assert list(functions_in(pattern)) == [(("a", 1, "$any", 1), is_long)]
    matcher = compile_pattern(pattern)
    assert matcher.matches({"a": [1, "long enough"]})
    (difference,) = matcher.differences({"a": [1, "y"]}, "input")
    assert "the function is_long" in str(difference)


def test_a_function_is_named_with_its_file_and_line() -> None:
    assert function_name(lambda: 1).startswith("<lambda> (test_predicates.py:")
    assert function_name(len) == "len"
