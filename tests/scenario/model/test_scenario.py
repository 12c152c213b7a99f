"""The scenario format: short forms, and what cannot stand together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fakefal.scenario.model.reply import Reply
from fakefal.scenario.model.scenario import Exchange, Scenario
from fakefal.scenario.model.when import When
from tests.scenario.kinds import error_types


@pytest.mark.parametrize(
    ("written", "via"), [("run", ["run"]), (["run", "ws"], ["run", "ws"]), (None, None)]
)
def test_via_may_be_one_word(written: Any, via: Any) -> None:
    assert When.model_validate({"via": written}).via == via


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (Reply, {"text": "a", "output": 1}),
        (Reply, {"text": "a", "output": None}),
        (Reply, {"text": "a", "fail": "bad_key"}),
        (Reply, {"reasoning": "a", "output": 1}),
        (Reply, {"error": "a", "fail": "bad_key"}),
        (Reply, {"output": 1, "fail": "bad_key"}),
        (Exchange, {"reply": {}, "replies": [{}]}),
    ],
)
def test_these_cannot_stand_together(model: Any, data: Any) -> None:
    assert error_types(model, data) == ["conflict"]


@pytest.mark.parametrize(
    "data",
    [
        {"text": "a", "reasoning": "b", "error": "c"},
        {"reasoning": "b"},
        {"output": None},
        {},
    ],
)
def test_these_may_stand_together(data: Any) -> None:
    assert Reply.model_validate(data).model_dump(exclude_unset=True) == data


def test_then_goes_with_replies() -> None:
    assert error_types(Exchange, {"then": "cycle"}) == ["then_alone"]
    assert Exchange.model_validate({"replies": [{}], "then": "cycle"}).then == "cycle"


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (Scenario, {"fakefal": 1, "name": 5}),
        (Scenario, {"fakefal": True}),
        (Exchange, {"times": "2"}),
        (Exchange, {"times": True}),
        (Reply, {"text": 5}),
    ],
)
def test_nothing_is_converted_silently(model: Any, data: Any) -> None:
    assert len(error_types(model, data)) == 1


def test_a_model_does_not_change() -> None:
    scenario = Scenario.model_validate({"fakefal": 1})
    with pytest.raises(ValidationError):
        setattr(scenario, "name", "x")  # noqa: B010  # written plainly, mypy sees it
