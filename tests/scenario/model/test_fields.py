"""Durations and headers as fields of models."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from fakefal.scenario.model.fields import Duration, Headers, StrictModel
from tests.scenario.error_types import error_types


class Wait(StrictModel):
    wait: Duration


class Head(StrictModel):
    headers: Headers


def test_a_duration_is_parsed_to_seconds_and_serialized_with_a_unit() -> None:
    wait = Wait.model_validate({"wait": "300ms"})
    assert wait.wait == 0.3
    assert wait.model_dump(mode="json") == {"wait": "300ms"}


@pytest.mark.parametrize("value", ["soon", -1, True, None])
def test_invalid_durations_are_rejected(value: Any) -> None:
    assert error_types(Wait, {"wait": value}) == ["duration"]


@pytest.mark.parametrize(
    ("headers", "kind"), [({"a b": "x"}, "header_name"), ({"a": "x\ny"}, "header_text")]
)
def test_invalid_headers_are_rejected(headers: Any, kind: str) -> None:
    assert error_types(Head, {"headers": headers}) == [kind]


def test_the_schema_of_a_duration_allows_text_and_numbers() -> None:
    assert len(TypeAdapter(Duration).json_schema()["anyOf"]) == 2
