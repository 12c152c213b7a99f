"""Which calls a ``when`` matches."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from fakefal.protocol.core.call import Call, Via
from fakefal.scenario.compiler.condition import compile_condition
from fakefal.scenario.matching.condition import Condition, compile_endpoint, distance
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.model.when import When
from tests.scenario.strategies import CALLS, WHENS, Data, call


def condition(**when: Any) -> Condition:
    return compile_condition(When.model_validate(when))


def texts(when: Data, to: Call) -> list[str]:
    return [str(difference) for difference in condition(**when).differences(to)]


@given(WHENS, CALLS)
def test_a_call_matches_exactly_if_there_is_no_difference(when: Data, to: Call) -> None:
    compiled = condition(**when)
    assert compiled.matches(to) == (compiled.differences(to) == [])


@given(WHENS, CALLS)
def test_a_call_matches_exactly_if_its_distance_is_zero(when: Data, to: Call) -> None:
    compiled = condition(**when)
    assert compiled.matches(to) == (distance(compiled.differences(to)) == 0)


@given(CALLS)
def test_an_empty_when_matches_every_call(to: Call) -> None:
    assert condition().matches(to)


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("fal-ai/any-llm", ["fal-ai/any-llm"], ["fal-ai/any-llm/vision", "fal-ai/any-llms"]),
        ("/fal-ai/any-llm/", ["fal-ai/any-llm"], []),
        ("fal-ai/*", ["fal-ai/any-llm", "fal-ai/a/b/c"], ["me/app"]),
        ("*", ["fal-ai/any-llm", "me/app"], []),
        ("*/any-llm", ["fal-ai/any-llm"], ["fal-ai/any-llm/vision"]),
        ("fal-ai/fl?x", ["fal-ai/flux"], ["fal-ai/fl/x", "fal-ai/flx"]),
        ("fal-ai/any.llm*", [], ["fal-ai/any-llm"]),
        ("123-app", ["123/app"], ["123-app/x"]),
    ],
)
def test_an_endpoint_is_exact_or_a_glob(
    pattern: str, matching: list[str], others: list[str]
) -> None:
    compiled = compile_endpoint(pattern)
    assert [text for text in matching if not compiled.matches(text)] == []
    assert [text for text in others if compiled.matches(text)] == []


@pytest.mark.parametrize("text", ["", "any-llm", "workflows/x", "/"])
def test_an_endpoint_that_can_match_nothing_is_rejected(text: str) -> None:
    with pytest.raises(PatternError) as caught:
        condition(endpoint=text)
    assert caught.value.path == ("endpoint",)
    assert caught.value.message == f'"{text}" is not an endpoint id'
    assert (
        caught.value.suggestion == "write owner/alias, such as fal-ai/any-llm, or a pattern with *"
    )


@pytest.mark.parametrize(
    ("via", "actual", "is_match"),
    [
        ("run", "run", True),
        ("run", "queue", False),
        (["run", "stream"], "stream", True),
        (["run", "stream"], "ws", False),
        (None, "realtime", True),
    ],
)
def test_via_selects_how_the_call_was_made(via: Any, actual: Via, is_match: bool) -> None:
    assert condition(via=via).matches(call(via=actual)) is is_match


def test_an_input_of_null_differs_from_no_input() -> None:
    assert not condition(input=None).matches(call({"a": 1}))
    assert condition(input=None).matches(call(None))
    assert condition().matches(call({"a": 1}))


@pytest.mark.parametrize(
    ("patterns", "is_match"),
    [
        ({"X-Fal-Queue-Priority": "low"}, True),
        ({"x-fal-queue-priority": {"$contains": "lo"}}, True),
        ({"X-Number": 1}, True),
        ({"X-Flag": True}, True),
        ({"X-Other": {"$absent": True}}, True),
        ({"X-Other": {"$absent": False}}, False),
        ({"X-Fal-Queue-Priority": "normal"}, False),
    ],
)
def test_headers_are_matched_in_any_case_and_as_text(patterns: Data, is_match: bool) -> None:
    headers = {"x-fal-queue-priority": "low", "x-number": "1", "x-flag": "true"}
    assert condition(headers=patterns).matches(call(headers=headers)) is is_match


@pytest.mark.parametrize(
    ("when", "text"),
    [
        ({"endpoint": "fal-ai/flux"}, "endpoint is fal-ai/any-llm, wanted fal-ai/flux"),
        ({"via": ["stream", "run"]}, "via is queue, wanted run or stream"),
        ({"input": {"prompt": "Hi"}}, 'input.prompt is "Hello", wanted "Hi"'),
        ({"headers": {"X-A": "b"}}, 'headers.x-a is absent, wanted "b"'),
    ],
)
def test_a_difference_names_the_part_of_the_call(when: Data, text: str) -> None:
    assert texts(when, call({"prompt": "Hello"})) == [text]


def test_a_less_similar_endpoint_is_further_away() -> None:
    def distance_to(endpoint: str) -> float:
        return distance(condition(endpoint=endpoint).differences(call()))

    near, far = distance_to("fal-ai/any-llms"), distance_to("zzz/qqq")
    assert 0 < near < distance_to("fal-ai/flux") < far


@pytest.mark.parametrize(
    ("when", "path"),
    [
        ({"input": {"a": {"$x": 1}}}, ("input", "a", "$x")),
        ({"headers": {"X-A": {"$gt": "b"}}}, ("headers", "X-A", "$gt")),
    ],
)
def test_a_wrong_pattern_has_its_path_in_the_when(when: Data, path: tuple[str, ...]) -> None:
    with pytest.raises(PatternError) as caught:
        condition(**when)
    assert caught.value.path == path


def test_fields_that_must_equal_one_scalar_can_be_indexed() -> None:
    compiled = condition(input={"a": "x", "b": {"$gt": 1}, "c": [1], "d": 1})
    assert compiled.required_scalars() == {"a": ("s", "x"), "d": ("n", 1)}
    assert condition(input={"$contains": "a"}).required_scalars() == {}
    assert condition().required_scalars() == {}


def test_one_of_several_endpoints_is_enough() -> None:
    several = condition(endpoint=["fal-ai/flux", "fal-ai/any-*"])
    assert several.matches(call())
    assert not condition(endpoint=["fal-ai/flux", "me/app"]).matches(call())
    (difference,) = condition(endpoint=["fal-ai/flux", "me/app"]).differences(call())
    assert str(difference) == "endpoint is fal-ai/any-llm, wanted fal-ai/flux or me/app"


def test_a_normalized_input_is_matched_first() -> None:
    llm_call = call({"messages": []})
    llm_call.normalized_input = {"messages": [], "prompt": "hi"}
    assert condition(input={"prompt": "hi"}).matches(llm_call)
    assert condition(input={"messages": []}).matches(llm_call)
    (difference,) = condition(input={"prompt": "no"}).differences(llm_call)
    assert str(difference) == 'input.prompt is "hi", wanted "no"'
