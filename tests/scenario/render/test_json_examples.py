"""JSON that is generated for schemas."""

from __future__ import annotations

from itertools import cycle, product
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fakefal.scenario.render.json_examples import example_of
from fakefal.scenario.values.seeded import seeded_numbers

NODE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["name", "next", "children"],
        }
    },
    "$ref": "#/$defs/node",
}


TABLE: list[Any] = [
    {},
    True,
    {"type": "string", "minLength": 40},
    {"type": "string", "maxLength": 2},
    {"type": "string", "enum": ["a", "b"]},
    {"const": {"a": [1]}},
    {"type": "integer", "minimum": 5, "maximum": 6},
    {"type": "integer", "exclusiveMinimum": 5},
    {"type": "integer", "maximum": -3},
    {"type": "number", "minimum": 0.2, "maximum": 0.4},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": "integer", "multipleOf": 7, "minimum": 20},
    {"type": "boolean"},
    {"type": "null"},
    {"type": ["null", "integer"]},
    {"type": "array", "items": {"type": "integer"}, "minItems": 3},
    {"type": "array", "items": {"type": "integer"}, "maxItems": 0},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
    {"properties": {"a": {"items": {"type": "boolean"}}}},
    {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}},
            {"required": ["a"]},
            {"required": ["b"], "properties": {"b": {}}},
        ]
    },
    {"oneOf": [{"type": "null"}, {"type": "string", "format": "date"}]},
    NODE,
]


def test_a_value_is_valid_for_its_schema() -> None:
    wrong = []
    for schema, number in product(TABLE, (0, 7, 255)):
        value = example_of(schema, cycle([number]))
        if not jsonschema.Draft202012Validator(schema).is_valid(value):
            wrong.append((schema, value))
    assert wrong == []


def test_an_endless_schema_ends() -> None:
    value = example_of(NODE, seeded_numbers("x"))
    assert value["name"]


def test_a_wide_endless_schema_is_bounded() -> None:
    inner: Any = {"$ref": "#"}
    wide = {"type": "object", "properties": {f"p{number}": inner for number in range(50)}}
    assert len(str(example_of(wide, cycle([0])))) < 1_000_000


@pytest.mark.parametrize("reference", ["#/$defs/none", "https://x/y", "#", ""])
def test_a_reference_that_leads_nowhere_ends(reference: str) -> None:
    example_of({"$ref": reference}, cycle([1]))


SCHEMAS = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["string", "object", "array"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "properties",
                    "items",
                    "anyOf",
                    "allOf",
                    "enum",
                    "required",
                    "minimum",
                    "multipleOf",
                    "minItems",
                    "maxLength",
                    "$ref",
                    "prefixItems",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(SCHEMAS)
@example({"properties": {"a": {}}, "required": None})
@example({"properties": {"a": {}}, "required": 1})
def test_no_schema_raises(schema: Any) -> None:
    example_of(schema, cycle([3]))
