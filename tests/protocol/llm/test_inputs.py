"""What language models take, and what inputs are refused with."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.schema_versions import SCHEMA_VERSIONS
from fakefal.protocol.llm.endpoints import LlmApi
from fakefal.protocol.llm.inputs import long_prompt_errors, unknown_fields, validate

VARIANTS: tuple[LlmApi, ...] = (
    *("text", "vision", "enterprise", "audio", "video"),
    *("router", "router-vision", "router-audio", "router-video"),
)


def good(variant: LlmApi) -> dict[str, Any]:
    more = {"model": "any/thing"} if variant.startswith("router") else {}
    urls = {f"{kind}_url": "https://x/y" for kind in ("image", "audio", "video")}
    return {"prompt": "hi", "image_urls": ["https://x/y"], **urls, **more}


def known_models(variant: LlmApi, period: str) -> tuple[str, ...]:
    found = SCHEMA_VERSIONS[period]
    if variant == "vision":
        return found.vision_models
    return (found.enterprise_models or found.models) if variant == "enterprise" else found.models


@pytest.mark.parametrize("period", SCHEMA_VERSIONS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_good_input_has_nothing_wrong(variant: LlmApi, period: str) -> None:
    assert validate(variant, good(variant), period) == []


@pytest.mark.parametrize("period", SCHEMA_VERSIONS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_missing_prompt_is_told_as_pydantic_tells_it(variant: LlmApi, period: str) -> None:
    body = {name: value for name, value in good(variant).items() if name != "prompt"}
    assert validate(variant, body, period) == [
        {"type": "missing", "loc": ["body", "prompt"], "msg": "Field required", "input": body}
    ]


@pytest.mark.parametrize("period", SCHEMA_VERSIONS)
@pytest.mark.parametrize("variant", ["text", "vision", "enterprise"])
def test_a_model_unknown_to_the_period_is_told_as_one_of(variant: LlmApi, period: str) -> None:
    (item,) = validate(variant, {**good(variant), "model": "x"}, period)
    expected = known_models(variant, period)
    assert list(item) == ["loc", "msg", "type", "ctx", "url", "input"]
    assert (item["loc"], item["type"], item["input"]) == (["body", "model"], "one_of", "x")
    assert item["ctx"] == {"expected": list(expected)}
    assert item["url"] == "https://docs.fal.ai/errors/#one_of"
    assert item["msg"].startswith(f"Input should be '{expected[0]}', ")
    assert item["msg"].endswith(f" or '{expected[-1]}'")


@pytest.mark.parametrize("period", SCHEMA_VERSIONS)
@pytest.mark.parametrize("variant", ["text", "vision", "enterprise"])
def test_every_model_of_the_period_is_accepted(variant: LlmApi, period: str) -> None:
    for model in known_models(variant, period):
        assert validate(variant, {**good(variant), "model": model}, period) == []


def test_the_router_takes_any_model_but_demands_one() -> None:
    assert validate("router", {"prompt": "x", "model": "no/such"}) == []
    (item,) = validate("router", {"prompt": "x"})
    assert (item["type"], item["loc"]) == ("missing", ["body", "model"])


@pytest.mark.parametrize(
    ("field", "value", "type_", "msg"),
    [
        ("prompt", 5, "string_type", "Input should be a valid string"),
        ("prompt", None, "string_type", "Input should be a valid string"),
        ("system_prompt", [], "string_type", "Input should be a valid string"),
        (
            "reasoning",
            "maybe",
            "bool_parsing",
            "Input should be a valid boolean, unable to interpret input",
        ),
        (
            "max_tokens",
            "many",
            "int_parsing",
            "Input should be a valid integer, unable to parse string as an integer",
        ),
        (
            "temperature",
            "hot",
            "float_parsing",
            "Input should be a valid number, unable to parse string as a number",
        ),
    ],
)
def test_a_wrong_type_is_told_as_pydantic_tells_it(
    field: str, value: Any, type_: str, msg: str
) -> None:
    assert validate("text", {"prompt": "x", field: value}) == [
        {"type": type_, "loc": ["body", field], "msg": msg, "input": value}
    ]


@pytest.mark.parametrize(
    ("field", "value", "type_", "msg", "context"),
    [
        (
            "temperature",
            -0.1,
            "greater_than_equal",
            "Input should be greater than or equal to 0",
            {"ge": 0},
        ),
        (
            "temperature",
            2.1,
            "less_than_equal",
            "Input should be less than or equal to 2",
            {"le": 2},
        ),
        (
            "max_tokens",
            0,
            "greater_than_equal",
            "Input should be greater than or equal to 1",
            {"ge": 1},
        ),
    ],
)
def test_a_bound_is_told_with_fals_url(
    field: str, value: float, type_: str, msg: str, context: dict[str, Any]
) -> None:
    assert validate("text", {"prompt": "x", field: value}) == [
        {
            "loc": ["body", field],
            "msg": msg,
            "type": type_,
            "ctx": context,
            "url": f"https://docs.fal.ai/errors/#{type_}",
            "input": value,
        }
    ]


def test_a_priority_is_one_of_two_words() -> None:
    (item,) = validate("text", {"prompt": "x", "priority": "fast"})
    assert item["ctx"] == {"expected": ["throughput", "latency"]}
    assert item["msg"] == "Input should be 'throughput' or 'latency'"


@pytest.mark.parametrize("body", [[], "text", 5, True, 1.5, [["prompt", "x"]]])
def test_a_body_that_is_no_object_is_told_whole(body: Any) -> None:
    assert validate("text", body) == [
        {
            "type": "model_attributes_type",
            "loc": ["body"],
            "msg": "Input should be a valid dictionary or object to extract fields from",
            "input": body,
        }
    ]


def test_no_body_at_all_is_a_missing_field() -> None:
    assert validate("text", None) == [
        {"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}
    ]


def test_all_that_is_wrong_is_told_at_once_prompt_first() -> None:
    found = validate("text", {"model": "x", "max_tokens": 0})
    assert [item["loc"][1] for item in found] == ["prompt", "model", "max_tokens"]


@pytest.mark.parametrize(
    ("period", "field"), [("2024-11", "reasoning"), ("2025-03", "temperature"), ("any", "zzz")]
)
def test_a_field_that_the_period_does_not_know_is_ignored(period: str, field: str) -> None:
    assert validate("text", {"prompt": "x", field: object}, period) == []


@pytest.mark.parametrize(
    ("period", "required"),
    [("2024-11", True), ("2025-08", True), ("2025-10", False), ("any", False)],
)
def test_vision_demanded_a_picture_until_october_2025(period: str, required: bool) -> None:
    found = validate("vision", {"prompt": "x"}, period)
    assert [item["loc"] for item in found] == ([["body", "image_url"]] if required else [])


def test_vision_takes_a_list_of_pictures_since_then() -> None:
    assert validate("vision", {"prompt": "x", "image_urls": ["a", "b"]}, "2025-10") == []
    (item,) = validate("vision", {"prompt": "x", "image_urls": "a"}, "2025-10")
    assert (item["type"], item["loc"]) == ("list_type", ["body", "image_urls"])
    (item,) = validate("vision", {"prompt": "x", "image_urls": ["a", 5]}, "2025-10")
    assert (item["type"], item["loc"]) == ("string_type", ["body", "image_urls", 1])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["prompt", "model", "reasoning", "image_urls", "max_tokens"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.sampled_from(VARIANTS), st.sampled_from(sorted(SCHEMA_VERSIONS)), JSON)
def test_no_input_makes_validation_raise(variant: LlmApi, period: str, body: Any) -> None:
    for item in validate(variant, body, period):
        assert item["loc"][0] == "body"
        assert item["msg"]
        assert item["type"]


@pytest.mark.parametrize(
    ("variant", "period", "more", "unknown"),
    [
        ("text", "2024-11", {"priority": "latency"}, ["priority"]),
        ("text", "2025-10", {"priority": "latency"}, []),
        ("text", "2025-10", {"seed": 1, "image_url": "x"}, ["seed", "image_url"]),
        ("vision", "2024-11", {"image_url": "x"}, []),
        ("vision", "2025-10", {"image_url": "x", "image_urls": []}, ["image_url"]),
        ("enterprise", "2025-10", {"webhook_url": "x"}, ["webhook_url"]),
        ("router", "2025-10", {"priority": "latency", "pdf_urls": []}, ["priority", "pdf_urls"]),
        ("router-vision", "2025-10", {"pdf_urls": [], "audio_url": "x"}, ["audio_url"]),
        ("router", "2025-10", {"enable_web_search": True}, []),
    ],
)
def test_fields_that_the_model_does_not_know_are_found(
    variant: LlmApi, period: str, more: dict[str, Any], unknown: list[str]
) -> None:
    found = unknown_fields(variant, {"prompt": "x", "model": "y", **more}, period)
    assert [name for name, _ in found] == unknown
    for name, flaw in found:
        assert (flaw["type"], flaw["loc"], flaw["input"]) == (
            "extra_forbidden",
            ["body", name],
            more[name],
        )


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_what_is_no_object_has_no_fields_and_no_prompt(body: Any) -> None:
    assert unknown_fields("text", body, "any") == []
    assert long_prompt_errors(body) == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"prompt": "x" * 5000, "system_prompt": "y" * 5000}, []),
        ({"prompt": "x" * 5001}, ["prompt"]),
        ({"prompt": "é" * 5001, "system_prompt": "y" * 5001}, ["prompt", "system_prompt"]),
        ({"prompt": ["x"] * 5001}, []),
    ],
)
def test_a_prompt_of_more_than_5000_characters_is_too_long(
    body: dict[str, Any], fields: list[str]
) -> None:
    found = long_prompt_errors(body)
    assert [item["loc"] for item in found] == [["body", name] for name in fields]
    assert all(item["type"] == "sequence_too_long" for item in found)
    assert all(item["ctx"] == {"max_length": 5000} for item in found)
