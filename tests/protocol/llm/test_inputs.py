"""Validation of any-llm and router inputs."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.endpoints import LlmApi
from fakefal.protocol.core.schema_versions import SCHEMA_VERSIONS
from fakefal.protocol.llm.inputs import long_prompt_errors, unknown_fields, validate

MODEL_APIS: tuple[LlmApi, ...] = ("text", "vision", "enterprise")
"""The APIs with a fixed list of models."""

LLM_APIS: tuple[LlmApi, ...] = (
    *("text", "vision", "enterprise", "audio", "video"),
    *("router", "router-vision", "router-audio", "router-video"),
)


def valid_input(llm_api: LlmApi) -> dict[str, Any]:
    model = {"model": "any/thing"} if llm_api.startswith("router") else {}
    urls = {f"{kind}_url": "https://x/y" for kind in ("image", "audio", "video")}
    return {"prompt": "hi", "image_urls": ["https://x/y"], **urls, **model}


def known_models(llm_api: LlmApi, version: str) -> tuple[str, ...]:
    schema = SCHEMA_VERSIONS[version]
    if llm_api == "vision":
        return schema.vision_models
    if llm_api == "enterprise":
        return schema.enterprise_models or schema.models
    return schema.models


def test_a_valid_input_has_no_errors() -> None:
    cases = product(LLM_APIS, SCHEMA_VERSIONS)
    assert [case for case in cases if validate(case[0], valid_input(case[0]), case[1])] == []


def test_a_missing_prompt_is_a_pydantic_error() -> None:
    for llm_api, version in product(LLM_APIS, SCHEMA_VERSIONS):
        body = {name: value for name, value in valid_input(llm_api).items() if name != "prompt"}
        assert validate(llm_api, body, version) == [
            {"type": "missing", "loc": ["body", "prompt"], "msg": "Field required", "input": body}
        ], (llm_api, version)


def test_an_unknown_model_is_a_one_of_error() -> None:
    for llm_api, version in product(MODEL_APIS, SCHEMA_VERSIONS):
        (item,) = validate(llm_api, {**valid_input(llm_api), "model": "x"}, version)
        models = known_models(llm_api, version)
        assert list(item) == ["loc", "msg", "type", "ctx", "url", "input"], (llm_api, version)
        assert {**item, "msg": ""} == {
            "loc": ["body", "model"],
            "msg": "",
            "type": "one_of",
            "ctx": {"expected": list(models)},
            "url": "https://docs.fal.ai/errors#one_of",
            "input": "x",
        }, (llm_api, version)
        assert item["msg"].startswith(f"Input should be '{models[0]}', "), (llm_api, version)
        assert item["msg"].endswith(f" or '{models[-1]}'"), (llm_api, version)


def test_every_model_of_a_version_is_valid() -> None:
    invalid = [
        (llm_api, version, model)
        for llm_api, version in product(MODEL_APIS, SCHEMA_VERSIONS)
        for model in known_models(llm_api, version)
        if validate(llm_api, {**valid_input(llm_api), "model": model}, version)
    ]
    assert invalid == []


def test_the_router_accepts_any_model_but_requires_one() -> None:
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
def test_a_wrong_type_is_a_pydantic_error(field: str, value: Any, type_: str, msg: str) -> None:
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
def test_a_bound_is_an_error_with_the_url_of_fal(
    field: str, value: float, type_: str, msg: str, context: dict[str, Any]
) -> None:
    assert validate("text", {"prompt": "x", field: value}) == [
        {
            "loc": ["body", field],
            "msg": msg,
            "type": type_,
            "ctx": context,
            "url": f"https://docs.fal.ai/errors#{type_}",
            "input": value,
        }
    ]


def test_a_priority_is_one_of_two_words() -> None:
    (item,) = validate("text", {"prompt": "x", "priority": "fast"})
    assert item["ctx"] == {"expected": ["throughput", "latency"]}
    assert item["msg"] == "Input should be 'throughput' or 'latency'"


@pytest.mark.parametrize("body", [[], "text", 5, True, 1.5, [["prompt", "x"]]])
def test_a_body_that_is_not_an_object_is_one_error(body: Any) -> None:
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


def test_all_errors_are_returned_prompt_first() -> None:
    items = validate("text", {"model": "x", "max_tokens": 0})
    assert [item["loc"][1] for item in items] == ["prompt", "model", "max_tokens"]


@pytest.mark.parametrize(
    ("version", "field"), [("2024-11", "reasoning"), ("2025-03", "temperature"), ("any", "zzz")]
)
def test_an_unknown_field_is_ignored(version: str, field: str) -> None:
    assert validate("text", {"prompt": "x", field: object}, version) == []


@pytest.mark.parametrize(
    ("version", "required"),
    [("2024-11", True), ("2025-08", True), ("2025-10", False), ("any", False)],
)
def test_vision_required_an_image_until_october_2025(version: str, required: bool) -> None:
    items = validate("vision", {"prompt": "x"}, version)
    assert [item["loc"] for item in items] == ([["body", "image_url"]] if required else [])


def test_vision_accepts_a_list_of_images_since_then() -> None:
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


@given(st.sampled_from(LLM_APIS), st.sampled_from(sorted(SCHEMA_VERSIONS)), JSON)
def test_no_input_makes_validation_raise(llm_api: LlmApi, version: str, body: Any) -> None:
    for item in validate(llm_api, body, version):
        assert item["loc"][0] == "body"
        assert item["msg"]
        assert item["type"]


@pytest.mark.parametrize(
    ("llm_api", "version", "fields", "unknown"),
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
def test_unknown_fields_are_returned_with_an_error(
    llm_api: LlmApi, version: str, fields: dict[str, Any], unknown: list[str]
) -> None:
    errors = unknown_fields(llm_api, {"prompt": "x", "model": "y", **fields}, version)
    assert [name for name, _ in errors] == unknown
    assert [(item["type"], item["loc"], item["input"]) for _, item in errors] == [
        ("extra_forbidden", ["body", name], fields[name]) for name in unknown
    ]


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_other_json_has_no_fields_and_no_prompt(body: Any) -> None:
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
    items = long_prompt_errors(body)
    assert [item["loc"] for item in items] == [["body", name] for name in fields]
    assert all(item["type"] == "sequence_too_long" for item in items)
    assert all(item["ctx"] == {"max_length": 5000} for item in items)
