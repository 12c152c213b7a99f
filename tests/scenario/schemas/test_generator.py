"""Whatever a schema says: a valid value or a refusal, never a crash or a hang."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from jsonschema.exceptions import UnknownType
from referencing.exceptions import Unresolvable

from fakefal.scenario.schemas.description import SchemaError, description_of
from fakefal.scenario.schemas.generator import Generator
from fakefal.scenario.schemas.inputs import InputModel
from fakefal.scenario.values.seeded import seeded_numbers
from tests.cases import failures
from tests.scenario.schemas.schema_strategies import documents, json_values, schemas


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=documents, schema=schemas)
def test_a_value_is_valid_or_refused(document: Any, schema: Any) -> None:
    description = description_of(document)
    try:
        value = Generator(description, seeded_numbers("x")).generate(schema, "output")
    except SchemaError:
        return
    whole = schema if isinstance(schema, bool) else {**schema, "components": document["components"]}
    try:
        is_valid = Draft202012Validator(whole).is_valid(value)
    except (UnknownType, re.error, RecursionError, Unresolvable):
        return  # the judge looks at parts that decide nothing
    assert is_valid


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=documents, schema=schemas, body=json_values)
def test_any_input_is_checked_or_the_schema_refused(document: Any, schema: Any, body: Any) -> None:
    try:
        model = InputModel(description_of(document), schema)
    except SchemaError:
        return
    model.check(body)


def make(schema: Any, seed: str = "x") -> Any:
    description = description_of({"openapi": "3.1.0", "paths": {}})
    return Generator(description, seeded_numbers(seed)).generate(schema, "output")


def test_most_satisfiable_schemas_get_a_value() -> None:
    text, number = {"type": "string"}, {"type": "number"}
    schemas = [
        {"type": "integer", "minimum": 3, "exclusiveMaximum": 5, "multipleOf": 2},
        {"type": "number", "minimum": 1, "maximum": 2, "exclusiveMinimum": True},
        {"type": "string", "minLength": 40, "maxLength": 41},
        {"type": "string", "pattern": "^[a-f0-9]{8}-(x|y)$"},
        {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 2},
        {"type": "array", "prefixItems": [text, number], "items": False, "minItems": 2},
        {"type": "object", "required": ["a"], "additionalProperties": number},
        {"type": "object", "minProperties": 12},
        {"oneOf": [{"type": "integer"}, {"type": "number", "multipleOf": 0.5}]},
        {"allOf": [{"minimum": 3}, {"type": "integer", "maximum": 3}]},
        {"type": ["null", "string"], "enum": [None, "a", 3]},
        {"not": {"type": ["string", "integer"]}},
        {"type": "string", "format": "date-time"},
        {"properties": {"a": {"const": 1}}, "required": ["a", "b"]},
    ]

    def check(schema: Any) -> None:
        for seed in "abcdefgh":
            value = make(schema, seed)
            draft = {
                key: it for key, it in schema.items() if it is not True or key != "exclusiveMinimum"
            }
            assert Draft202012Validator(draft).is_valid(value), value

    assert failures(check, [(schema,) for schema in schemas]) == []


def test_a_refusal_says_why() -> None:
    cases = [
        ({"type": "integer", "minimum": 3, "maximum": 2}, "no number is within its bounds"),
        ({"type": "array", "minItems": 10**9}, "at least 1000000000 items"),
        ({"type": "string", "pattern": "(?=b)a"}, "no text was found for the pattern"),
        ({"enum": [1], "type": "string"}, "none of its values is valid"),
        ({"contains": {}}, 'does not know "contains"'),
        (False, "no value is valid"),
    ]

    def check(schema: Any, reason: str) -> None:
        with pytest.raises(SchemaError, match=re.escape(reason)):
            make(schema)

    assert failures(check, cases) == []


def test_a_required_cycle_is_refused_and_an_optional_one_ends() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    document = {"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"Node": node}}}
    schema = {"$ref": "#/components/schemas/Node"}
    generator = Generator(description_of(document), seeded_numbers("x"))
    assert list(generator.generate(schema, "output")) == ["next"]
    node["required"] = ["next"]
    generator = Generator(description_of(document), seeded_numbers("x"))
    with pytest.raises(SchemaError, match="contains itself without end"):
        generator.generate(schema, "output")
