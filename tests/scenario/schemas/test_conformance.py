"""Validity as jsonschema sees it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from fakefal.scenario.schemas.conformance import Conformance, is_equal
from fakefal.scenario.schemas.description import SchemaError, description_of
from tests.cases import failures
from tests.scenario.schemas.schema_strategies import json_values, schemas

DESCRIPTION = description_of({"openapi": "3.1.0", "paths": {}})


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(schema=schemas, value=json_values)
def test_it_agrees_with_jsonschema(schema: Any, value: Any) -> None:
    try:
        expected = Draft202012Validator(schema).is_valid(value)
        is_valid = Conformance(DESCRIPTION).conforms(schema, value)
    except Exception:
        return  # unknown types, references and patterns: one of the two refuses
    assert is_valid == expected


def test_bounds_and_null_of_openapi_3_0() -> None:
    schema = {"type": "integer", "nullable": True, "minimum": 3, "exclusiveMinimum": True}
    conforms = Conformance(DESCRIPTION).conforms
    assert [conforms(schema, value) for value in (None, 3, 4)] == [True, False, True]


def test_json_equality() -> None:
    def check(first: Any, second: Any, expected: bool) -> None:
        assert is_equal(first, second) is expected

    cases = [(1, 1.0, True), (1, True, False), ([1, {"a": 0}], [1.0, {"a": 0}], True)]
    assert failures(check, [*cases, ([0], [False], False), ({"a": 1}, {}, False)]) == []


def test_what_it_does_not_cover_is_an_error() -> None:
    def check(schema: Any, text: str) -> None:
        with pytest.raises(SchemaError, match=text):
            Conformance(DESCRIPTION).conforms(schema, 1, "output")

    cases = [
        ({"patternProperties": {}}, "output.patternProperties: fakefal does not know"),
        ({"type": "int"}, "output: 'int' is not a type"),
        ({"anyOf": [{"$ref": "#/nowhere"}]}, "does not exist"),
    ]
    assert failures(check, cases) == []
