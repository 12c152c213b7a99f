from __future__ import annotations

from typing import Any

from fakefal.scenario.matching.operators import compile_pattern
from fakefal.scenario.matching.predicates import Predicate, function_name, functions_in
from fakefal.scenario.matching.scalars import MISSING


def is_long(value: Any) -> bool:
    return len(value) > 3


def test_a_function_says_yes_or_no_and_never_raises() -> None:
    matcher = compile_pattern({"prompt": is_long})
    assert matcher.matches({"prompt": "tagline"})
    assert not matcher.matches({"prompt": "tag"})
    assert not matcher.matches({"prompt": 7})
    assert not matcher.matches({})


def test_a_difference_names_the_function() -> None:
    (found,) = Predicate(is_long).differences("tag", "input.prompt")
    assert str(found).startswith('input.prompt is "tag", wanted what is_long (test_predicates.py:')
    (found,) = Predicate(is_long).differences(MISSING, "input.prompt")
    assert str(found).startswith("input.prompt is absent")
    assert list(Predicate(is_long).differences("tagline", "x")) == []


def test_functions_stand_at_any_depth_and_beside_operators() -> None:
    pattern = {"a": [1, {"$any": ["x", is_long]}]}
    assert list(functions_in(pattern)) == [(("a", 1, "$any", 1), is_long)]
    matcher = compile_pattern(pattern)
    assert matcher.matches({"a": [1, "long enough"]})
    (found,) = matcher.differences({"a": [1, "y"]}, "input")
    assert "the function is_long" in str(found)


def test_names_lead_to_the_function() -> None:
    assert function_name(lambda: 1).startswith("<lambda> (test_predicates.py:")
    assert function_name(len) == "len"
