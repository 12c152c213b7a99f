"""Schemas combined into one."""

from __future__ import annotations

from typing import Any

from fakefal.scenario.schemas.intersection import (
    IMPOSSIBLE,
    alternatives,
    intersect,
    kinds_of_values,
    normalized,
)
from tests.cases import failures


def test_two_schemas_become_one() -> None:
    def check(first: Any, second: Any, expected: Any) -> None:
        assert intersect(first, second) == expected

    cases = [
        ({"type": "number"}, {"type": ["integer", "string"]}, {"type": "integer"}),
        ({"type": "string"}, {"type": "null"}, IMPOSSIBLE),
        ({"minimum": 1, "maxLength": 5}, {"minimum": 3, "maxLength": 9},
         {"minimum": 3, "maxLength": 5}),
        ({"multipleOf": 4}, {"multipleOf": 6}, {"multipleOf": 12}),
        ({"enum": [1, 2]}, {"enum": [2.0, 3]}, {"enum": [2]}),
        ({"enum": [1]}, {"enum": [3]}, IMPOSSIBLE),
        ({"required": ["a"]}, {"required": ["b"]}, {"required": ["a", "b"]}),
        ({"properties": {"a": {"type": "string"}}}, {"properties": {"a": {"minLength": 1}}},
         {"properties": {"a": {"allOf": [{"type": "string"}, {"minLength": 1}]}}}),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"properties": {"b": {}}},
         {"properties": {"a": {}, "b": False}, "additionalProperties": False}),
    ]  # fmt: skip
    assert failures(check, cases) == []


def test_alternatives_stand_beside_what_is_common() -> None:
    schema = {
        "title": "T",
        "anyOf": [{"type": "null"}, {"$ref": "#/A"}],
        "allOf": [{"description": "d"}],
    }
    found = list(
        alternatives(schema, lambda inner: {"type": "string"} if "$ref" in inner else inner)
    )
    assert found == [
        {"title": "T", "description": "d", "type": "string"},
        {"title": "T", "description": "d", "type": "null"},
    ]


def test_exclusive_bounds_of_openapi_3_0_are_numbers() -> None:
    assert normalized({"minimum": 1, "exclusiveMinimum": True}) == {"exclusiveMinimum": 1}
    assert normalized({"maximum": 1, "exclusiveMaximum": False}) == {"maximum": 1}


def test_null_is_the_last_type() -> None:
    assert kinds_of_values({"type": ["null", "string"]}) == ["string", "null"]
    assert kinds_of_values({"required": ["a"]})[0] == "object"
    assert kinds_of_values({"minimum": 1})[0] == "integer"
