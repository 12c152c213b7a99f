"""Validation and errors of the OpenAI-compatible endpoints."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.endpoints import LlmApi
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.errors.errors import failed_outcome
from fakefal.protocol.llm.openai import invalid_request, parameter_name, to_openai_error, validate

GOOD: dict[LlmApi, dict[str, Any]] = {
    "chat": {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    "responses": {"model": "m", "input": "hi"},
    "embeddings": {"model": "m", "input": ["hi"]},
}


@pytest.mark.parametrize("llm_api", GOOD)
def test_a_valid_input_has_no_errors(llm_api: LlmApi) -> None:
    assert validate(llm_api, {**GOOD[llm_api], "something": {"new": True}}) == []


@pytest.mark.parametrize(
    ("llm_api", "change", "param", "code"),
    [
        ("chat", {"messages": []}, "messages", "invalid_value"),
        ("chat", {"messages": "hi"}, "messages", "invalid_value"),
        (
            "chat",
            {"messages": [{"content": "x"}]},
            "messages[0].role",
            "missing_required_parameter",
        ),
        ("chat", {"messages": [{"role": "cat"}]}, "messages[0].role", "invalid_value"),
        ("chat", {"temperature": 3}, "temperature", "invalid_value"),
        ("chat", {"temperature": "1"}, "temperature", "invalid_value"),
        ("chat", {"stream": "yes"}, "stream", "invalid_value"),
        ("chat", {"n": 0}, "n", "invalid_value"),
        ("chat", {"n": 129}, "n", "invalid_value"),
        ("chat", {"model": None}, "model", "invalid_value"),
        ("responses", {"input": 5}, "input", "invalid_value"),
        ("responses", {"max_output_tokens": 0}, "max_output_tokens", "invalid_value"),
        ("embeddings", {"input": []}, "input", "invalid_value"),
        ("embeddings", {"encoding_format": "hex"}, "encoding_format", "invalid_value"),
        ("embeddings", {"dimensions": 1_000_000}, "dimensions", "invalid_value"),
    ],
)
def test_a_bad_input_is_a_400_that_names_the_parameter(
    llm_api: LlmApi, change: dict[str, Any], param: str, code: str
) -> None:
    outcome = invalid_request(validate(llm_api, {**GOOD[llm_api], **change}))
    error = outcome.body["error"]
    assert outcome.status == 400
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert param in error["message"]


@pytest.mark.parametrize("llm_api", GOOD)
@pytest.mark.parametrize("name", ["model", "messages", "input"])
def test_a_missing_field_is_a_missing_required_parameter(llm_api: LlmApi, name: str) -> None:
    if name in GOOD[llm_api]:
        body = {key: value for key, value in GOOD[llm_api].items() if key != name}
        error = invalid_request(validate(llm_api, body)).body["error"]
        assert (error["param"], error["code"]) == (name, "missing_required_parameter")


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_a_body_that_is_not_an_object_has_no_parameter(body: Any) -> None:
    error = invalid_request(validate("chat", body)).body["error"]
    assert error["param"] is None


@given(
    st.sampled_from(sorted(GOOD)),
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["model", "messages", "input", "role", "temperature"]), inner
            )
        ),
        max_leaves=6,
    ),
)
def test_no_input_makes_validation_raise(llm_api: LlmApi, body: Any) -> None:
    items = validate(llm_api, body)
    if items:
        assert invalid_request(items).body["error"]["message"]


def test_a_parameter_is_a_path() -> None:
    assert parameter_name(["body", "messages", 0, "content"]) == "messages[0].content"
    assert parameter_name(["body"]) is None
    assert [parameter_name(loc) for loc in (None, 3, {"body": 1}, ["body", None])] == [
        *(None, None, None),
        "None",
    ]


def test_a_model_error_becomes_openais() -> None:
    outcome = to_openai_error(outcome_of(CATALOG["content_policy_violation"]))
    assert outcome.status == 422
    assert outcome.body == {
        "error": {
            "message": CATALOG["content_policy_violation"].message,
            "type": "content_policy_violation",
            "param": "prompt",
            "code": 422,
        }
    }


def test_an_apps_own_error_becomes_openais() -> None:
    body = to_openai_error(outcome_of(CATALOG["application_error"])).body
    assert body["error"]["message"] == "Internal Server Error"
    assert body["error"]["code"] == 500


@pytest.mark.parametrize(
    "name", ["runner_disconnected", "exhausted_balance", "concurrent_requests_limit", "nginx_502"]
)
def test_the_platforms_errors_stay_fals(name: str) -> None:
    outcome = outcome_of(CATALOG[name])
    assert to_openai_error(outcome) is outcome


def test_headers_stay() -> None:
    outcome = failed_outcome(500, {"detail": "x"}, headers=(("retry-after", "1"),))
    assert to_openai_error(outcome).headers == (("retry-after", "1"),)
