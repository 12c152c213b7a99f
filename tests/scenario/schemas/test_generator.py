"""Whatever a schema says: a valid value or a refusal, never a crash or a hang."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from jsonschema.exceptions import UnknownType
from referencing.exceptions import Unresolvable

from fakefal.scenario.schemas.description import SchemaError, description_of
from fakefal.scenario.schemas.generator import Generator
from fakefal.scenario.schemas.inputs import InputModel
from fakefal.scenario.values.seeded import seeded_numbers
from tests.scenario.schemas.schema_strategies import documents, json_values, schemas

made = {"valid": 0, "refused": 0}


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=documents, schema=schemas)
def test_a_value_is_valid_or_refused(document: Any, schema: Any) -> None:
    description = description_of(document)
    try:
        value = Generator(description, seeded_numbers("x")).generate(schema, "output")
    except SchemaError as error:
        assert str(error)
        made["refused"] += 1
        return
    made["valid"] += 1
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
    except SchemaError as error:
        assert str(error)
        return
    model.check(body)
