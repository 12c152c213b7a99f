"""Compiling ``when``."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.compiler.condition import compile_condition
from fakefal.scenario.matching.condition import Condition
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.model.when import When
from tests.scenario.strategies import Data, call


def condition(**when: Any) -> Condition:
    return compile_condition(When.model_validate(when))


@pytest.mark.parametrize("text", ["", "any-llm", "workflows/x", "/"])
def test_an_endpoint_that_cannot_match_is_an_error(text: str) -> None:
    with pytest.raises(PatternError) as caught:
        condition(endpoint=text)
    assert caught.value.path == ("endpoint",)
    assert caught.value.message == f'"{text}" is not an endpoint id'
    assert (
        caught.value.suggestion == "write owner/alias, such as fal-ai/any-llm, or a pattern with *"
    )


@pytest.mark.parametrize(
    ("when", "path"),
    [
        ({"input": {"a": {"$x": 1}}}, ("input", "a", "$x")),
        ({"headers": {"X-A": {"$gt": "b"}}}, ("headers", "X-A", "$gt")),
    ],
)
def test_an_invalid_pattern_has_its_path_in_the_when(when: Data, path: tuple[str, ...]) -> None:
    with pytest.raises(PatternError) as caught:
        condition(**when)
    assert caught.value.path == path


@pytest.mark.parametrize("value", [1, True, "1"])
def test_header_values_are_compared_as_text(value: Any) -> None:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    assert condition(headers={"X-A": value}).matches(call(headers={"x-a": text}))


def test_an_input_of_null_differs_from_no_input() -> None:
    assert not condition(input=None).matches(call({"a": 1}))
    assert condition().matches(call({"a": 1}))


def test_a_get_is_compiled() -> None:
    assert condition(method="GET").method == "GET"
    assert condition().method == "POST"
