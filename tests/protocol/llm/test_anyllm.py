"""Outputs, streams and billing of any-llm and related endpoints."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.endpoints import LlmApi
from fakefal.protocol.core.json_codec import encode, encode_ascii
from fakefal.protocol.core.schema_versions import SCHEMA_VERSIONS
from fakefal.protocol.llm.anyllm import (
    OutputShape,
    billable_units,
    output_shape,
    partial_outputs,
)
from fakefal.protocol.llm.inputs import validate

FULL = OutputShape(has_reasoning_field=True, shows_reasoning=True)
QUIET = OutputShape(has_reasoning_field=True, shows_reasoning=False)


def test_an_output_has_the_recorded_bytes() -> None:
    assert encode(QUIET.output("Ship it.", None)) == (
        b'{"output":"Ship it.","reasoning":null,"partial":false,"error":null}'
    )


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        (FULL, '{"output":"a","reasoning":"r","partial":true,"error":"e"}'),
        (QUIET, '{"output":"a","reasoning":null,"partial":true,"error":"e"}'),
        (OutputShape(False, False), '{"output":"a","partial":true,"error":"e"}'),
        (OutputShape(False, False, is_bare=True), '{"output":"a"}'),
    ],
)
def test_a_shape_says_which_fields_an_output_has(shape: OutputShape, text: str) -> None:
    assert encode_ascii(shape.output("a", "r", partial=True, error="e")) == text


def test_every_shape_has_a_distinct_code() -> None:
    shapes = [OutputShape(*flags) for flags in product([False, True], repeat=3)]
    assert len({shape.code for shape in shapes}) == len(shapes)


@pytest.mark.parametrize("value", [True, 1, "true", "True", "1", "yes", "on", "t", "y"])
def test_reasoning_is_shown_if_pydantic_reads_the_field_as_true(value: Any) -> None:
    body = {"prompt": "x", "reasoning": value}
    assert validate("text", body) == []
    assert output_shape("text", body, "any") == FULL


@pytest.mark.parametrize("body", [{}, {"reasoning": False}, {"reasoning": "no"}, None, [], "x"])
def test_reasoning_is_null_for_others(body: Any) -> None:
    assert output_shape("text", body, "any") == QUIET


def test_the_oldest_schema_has_no_reasoning_at_all() -> None:
    assert output_shape("text", {"reasoning": True}, "2025-01") == OutputShape(False, False)


def test_the_router_has_reasoning_in_every_version() -> None:
    assert output_shape("router", {"reasoning": True}, "2024-11") == FULL


def test_an_unknown_endpoint_has_a_bare_output() -> None:
    assert output_shape(None, {"reasoning": True}, "any").is_bare


def test_partial_outputs_are_cumulative() -> None:
    events = list(partial_outputs(QUIET, ["Ship", " it."], ["ignored"]))
    assert [encode(event) for event in events] == [
        b'{"output":"Ship","reasoning":null,"partial":true,"error":null}',
        b'{"output":"Ship it.","reasoning":null,"partial":true,"error":null}',
    ]


def test_reasoning_grows_before_the_output() -> None:
    outputs = [
        (event["output"], event["reasoning"]) for event in partial_outputs(FULL, ["a"], ["x", "y"])
    ]
    assert outputs == [("", "x"), ("", "xy"), ("a", "xy")]


@given(st.lists(st.text(max_size=4), max_size=6))
def test_the_last_partial_output_has_the_whole_text(pieces: list[str]) -> None:
    texts = [event["output"] for event in partial_outputs(QUIET, pieces)]
    assert texts == ["".join(pieces[: index + 1]) for index in range(len(pieces))]


@pytest.mark.parametrize(
    ("llm_api", "body", "units"),
    [
        ("text", {"model": "openai/gpt-4o-mini"}, 1),
        ("text", {"model": "openai/gpt-4o"}, 10),
        ("enterprise", {"model": "openai/gpt-4o"}, 10),
        ("vision", {"model": "openai/gpt-4o"}, 3),
        ("text", {}, 1),
        ("text", None, 1),
        ("text", {"model": 5}, 1),
        ("router", {"model": "openai/gpt-4o"}, 1),
        (None, {"model": "openai/gpt-4o"}, 1),
    ],
)
def test_premium_models_cost_more(llm_api: LlmApi | None, body: Any, units: float) -> None:
    assert billable_units(llm_api, body, "any") == units


@pytest.mark.parametrize("version", SCHEMA_VERSIONS)
def test_the_default_model_is_that_of_the_version(version: str) -> None:
    model = SCHEMA_VERSIONS[version].default_model
    assert billable_units("text", {}, version) == billable_units("text", {"model": model}, version)
