"""Validation of scenarios and exchanges."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fakefal.scenario.model.scenario import Exchange, Scenario
from tests.scenario.error_types import error_types


def test_reply_and_replies_cannot_be_combined() -> None:
    assert error_types(Exchange, {"reply": {}, "replies": [{}]}) == ["conflict"]


def test_then_requires_replies() -> None:
    assert error_types(Exchange, {"then": "cycle"}) == ["then_alone"]
    assert Exchange.model_validate({"replies": [{}], "then": "cycle"}).then == "cycle"


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (Scenario, {"fakefal": 1, "name": 5}),
        (Scenario, {"fakefal": True}),
        (Exchange, {"times": "2"}),
        (Exchange, {"times": True}),
    ],
)
def test_values_are_not_converted(model: Any, data: Any) -> None:
    assert len(error_types(model, data)) == 1


def test_a_model_is_frozen() -> None:
    scenario = Scenario.model_validate({"fakefal": 1})
    with pytest.raises(ValidationError):
        setattr(scenario, "name", "x")  # noqa: B010  # as an assignment, mypy would reject it
