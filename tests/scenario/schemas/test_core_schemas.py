"""Constructs that the twenty endpoints do not have; those are in test_inputs."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.schemas.description import SchemaError, description_of
from fakefal.scenario.schemas.inputs import InputModel
from tests.cases import failures


def errors(schema: Any, value: Any, **components: Any) -> list[tuple[Any, ...]]:
    document = {"openapi": "3.0.4", "paths": {}, "components": {"schemas": components}}
    found_errors = InputModel(description_of(document), schema).check(value).errors
    return [(error["type"], *error["loc"][1:]) for error in found_errors]


def test_keywords_of_openapi_3_0() -> None:
    size = {"type": "object", "properties": {"w": {"type": "integer"}}, "required": ["w"]}
    ref = {"$ref": "#/components/schemas/Size"}
    bounds = {"type": "integer", "minimum": 3, "exclusiveMinimum": True}

    def check(schema: Any, value: Any, *expected: Any) -> None:
        assert errors(schema, value, Size=size) == list(expected)

    cases: list[Any] = [
        (bounds, 3, ("greater_than",)),
        (bounds, 4),
        ({**bounds, "exclusiveMinimum": False}, 3),
        ({"type": "array", "items": {"type": "string", "nullable": True}}, [None]),
        ({"properties": {"size": {"allOf": [ref], "nullable": True}}}, {"size": None}),
        ({"properties": {"size": {"allOf": [ref]}}}, {"size": {}}, ("missing", "size", "w")),
        ({"allOf": [ref, {"properties": {"h": {"type": "string"}}, "required": ["h"]}]}, {"w": 1},
         ("missing", "h")),
        ({"properties": {"a": {"type": "string", "format": "email"}}}, {"a": "x"}),
        ({"type": "array", "items": {"not": {}}}, [1]),
    ]  # fmt: skip
    assert failures(check, cases) == []


def test_an_optional_field_without_a_default_may_be_null() -> None:
    schema = {
        "properties": {"seed": {"type": "integer"}, "steps": {"type": "integer", "default": 1}}
    }
    assert errors(schema, {"seed": None}) == []
    assert errors(schema, {"steps": None}) == [("int_type", "steps")]


def test_a_pattern_that_the_engine_of_pydantic_cannot_read_is_not_checked() -> None:
    assert errors({"type": "array", "items": {"type": "string", "pattern": "(?=a)b"}}, ["x"]) == []


def test_what_cannot_be_used_says_where() -> None:
    deep: Any = {"type": "string"}
    for _ in range(200):
        deep = {"type": "array", "items": deep}

    def check(schema: Any, text: str) -> None:
        with pytest.raises(SchemaError, match=text):
            errors(schema, {}, A={"$ref": "#/components/schemas/A"})

    cases = [
        ({"properties": {"a": {"$ref": "#/components/schemas/B"}}}, "does not exist — the schemas"),
        ({"$ref": "other.json#/A"}, "is in another document — copy the schema"),
        ({"$ref": "#/components/schemas/A"}, "refers to itself"),
        (deep, "nested deeper than 64"),
    ]
    assert failures(check, cases) == []
