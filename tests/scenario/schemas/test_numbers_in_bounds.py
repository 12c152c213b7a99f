"""Numbers within bounds, for every choice."""

from __future__ import annotations

from typing import Any

from fakefal.scenario.schemas.conformance import Conformance
from fakefal.scenario.schemas.description import description_of
from fakefal.scenario.schemas.numbers_in_bounds import number_in_bounds
from tests.cases import failures

DESCRIPTION = description_of({"openapi": "3.1.0", "paths": {}})


def test_numbers_are_valid_whatever_the_choice() -> None:
    def check(schema: dict[str, Any]) -> None:
        for choice in range(256):
            for kind in ("integer", "number"):
                value = number_in_bounds(schema, choice, is_integer=kind == "integer")
                assert Conformance(DESCRIPTION).conforms({**schema, "type": kind}, value), value

    schemas: list[dict[str, Any]] = [
        {},
        {"minimum": 3},
        {"maximum": -3},
        {"minimum": -1, "maximum": 1},
        {"exclusiveMinimum": 0, "exclusiveMaximum": 2},
        {"minimum": 1, "exclusiveMinimum": 1, "maximum": 9},
        {"multipleOf": 0.5, "minimum": 0.3, "maximum": 8},
        {"multipleOf": 7, "maximum": -3},
        {"minimum": 10**20, "maximum": 10**20 + 5},
        {"minimum": 2, "maximum": 2},
    ]
    assert failures(check, [(schema,) for schema in schemas]) == []


def test_bounds_without_room_have_none() -> None:
    cases: list[dict[str, Any]] = [
        {"minimum": 2, "maximum": 1},
        {"exclusiveMinimum": 1, "exclusiveMaximum": 2, "multipleOf": 1},
        {"minimum": 10**400, "multipleOf": 1},
    ]
    assert [number_in_bounds(schema, 0, is_integer=False) for schema in cases] == [None] * 3
