"""No JSON value makes a matcher or validator raise, and their reports are JSON again."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.endpoints import LlmApi
from fakefal.protocol.core.json_codec import decode, encode
from fakefal.protocol.core.schema_versions import SCHEMA_VERSIONS
from fakefal.protocol.llm.inputs import validate
from fakefal.scenario.matching.matchers import quote
from fakefal.scenario.matching.operators import OPERATORS, compile_pattern
from tests.scenario.strategies import PATTERNS

FIELDS = ["prompt", "model", "temperature", "max_tokens", "reasoning", "priority", "system_prompt",
          "image_url", "image_urls", "x", "", "é", "e\u0301"]  # fmt: skip
ODD = st.sampled_from(
    [10**4000, -(10**4000), 2**63, 2**64, 1e308, 5e-324, -0.0, "\0", "\ud7ff", "x" * 5_000]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | ODD,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=10,
)
BODIES = VALUES | st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8)
LLM_APIS: list[LlmApi] = ["text", "vision", "enterprise", "router"]


def nested(levels: int) -> Any:
    return decode(b'{"x":' + b"[" * levels + b"]" * levels + b"}")


@given(st.sampled_from(LLM_APIS), st.sampled_from(sorted(SCHEMA_VERSIONS)), BODIES)
def test_every_schema_can_validate_any_value(llm_api: LlmApi, version: str, body: Any) -> None:
    errors = validate(llm_api, body, version)
    assert decode(encode({"detail": errors}))["detail"] == decode(encode(errors))


@given(PATTERNS, BODIES)
def test_every_pattern_can_be_matched_against_any_value(pattern: Any, value: Any) -> None:
    matcher = compile_pattern(pattern)
    differences = list(matcher.differences(value, "input"))
    assert matcher.matches(value) == (not differences)
    assert all(len(str(difference)) < 1_000 for difference in differences)


ARGUMENTS = {
    "$eq": [nested(100), 10**4000, "x" * 5_000],
    "$contains": ["x" * 5_000, 10**4000, None],
    "$regex": [".*", r"\ud7ff|x+$", ""],
    "$any": [[{"$type": "number"}, nested(20)]],
    "$all": [[{"$type": "number"}, {"$gt": 10**4000}]],
    "$not": [nested(20), 10**4000],
    **{name: [10**4000, -(10**4000), 1e308, 5e-324] for name in ("$gt", "$gte", "$lt", "$lte")},
    "$absent": [True, False],
    "$type": ["string", "number", "integer", "boolean", "array", "object", "null"],
    "$length": [10**4000, {"$gt": 1e308}, 0],
}


def test_the_arguments_are_those_of_every_operator() -> None:
    assert ARGUMENTS.keys() == OPERATORS.keys()


@given(st.sampled_from(sorted(OPERATORS)), BODIES | st.just(nested(190)))
def test_every_operator_can_be_matched_against_any_value(name: str, value: Any) -> None:
    for argument in ARGUMENTS[name]:
        matcher = compile_pattern({"x": {name: argument}})
        for body in (value, {"x": value}):
            assert matcher.matches(body) == (not list(matcher.differences(body, "input")))


@given(VALUES)
def test_any_value_can_be_shown(value: Any) -> None:
    assert len(quote(value)) <= 80
