"""The scenario format: short forms, and what cannot stand together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fakefal.protocol.catalogue import known_names
from fakefal.scenario.models import (
    Exchange,
    FailSpec,
    Log,
    Options,
    QueueDetail,
    Reply,
    Scenario,
    StepDetail,
    StepMap,
    StreamSpec,
    When,
)


def kinds(model: Any, data: Any) -> list[str]:
    """The types of the errors that a model finds."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(data)
    return [error["type"] for error in caught.value.errors()]


@pytest.mark.parametrize(
    ("written", "via"), [("run", ["run"]), (["run", "ws"], ["run", "ws"]), (None, None)]
)
def test_via_may_be_one_word(written: Any, via: Any) -> None:
    assert When.model_validate({"via": written}).via == via


def test_a_log_entry_may_be_its_message() -> None:
    detail = StepDetail.model_validate({"logs": ["a", {"message": "a"}]})
    assert detail.logs == [Log(message="a"), Log(message="a", level="INFO", source="USER")]


@pytest.mark.parametrize("detail", [None, {}])
def test_a_step_may_have_no_detail(detail: Any) -> None:
    step = StepMap.model_validate({"IN_QUEUE": detail})
    assert step.IN_QUEUE is not None
    assert step.IN_QUEUE.model_dump(exclude_unset=True) == {}


@pytest.mark.parametrize(
    "step",
    [
        {},
        {"IN_QUEUE": {}, "IN_PROGRESS": {}},
        {"IN_QUEUE": None, "IN_PROGRESS": {}},
        {"IN_QUEUE": None, "IN_PROGRESS": None},
    ],
)
def test_a_step_names_one_state(step: Any) -> None:
    assert kinds(StepMap, step) == ["one_step"]


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (Reply, {"text": "a", "output": 1}),
        (Reply, {"text": "a", "output": None}),
        (Reply, {"text": "a", "fail": "bad_key"}),
        (Reply, {"reasoning": "a", "output": 1}),
        (Reply, {"error": "a", "fail": "bad_key"}),
        (Reply, {"output": 1, "fail": "bad_key"}),
        (StreamSpec, {"by": "word", "count": 2}),
        (StreamSpec, {"chunks": [], "events": []}),
        (FailSpec, {"type": "x", "error_type": "y"}),
        (FailSpec, {"type": "x", "body": None}),
        (Exchange, {"reply": {}, "replies": [{}]}),
    ],
)
def test_these_cannot_stand_together(model: Any, data: Any) -> None:
    assert kinds(model, data) == ["conflict"]


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


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({}, "fail_form"),
        ({"msg": "x"}, "fail_form"),
        ({"error_type": "mine"}, "status_needed"),
        ({"error_type": "content_policy_violation"}, "status_needed"),
    ],
)
def test_a_failure_needs_a_form(data: Any, kind: str) -> None:
    assert kinds(FailSpec, data) == [kind]


@pytest.mark.parametrize("name", known_names())
def test_every_name_of_the_catalogue_is_a_failure(name: str) -> None:
    assert Reply.model_validate({"fail": name}).fail == name


def test_then_goes_with_replies() -> None:
    assert kinds(Exchange, {"then": "cycle"}) == ["then_alone"]
    assert Exchange.model_validate({"replies": [{}], "then": "cycle"}).then == "cycle"


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (Scenario, {"fakefal": 1, "name": 5}),
        (Scenario, {"fakefal": True}),
        (Exchange, {"times": "2"}),
        (Exchange, {"times": True}),
        (Reply, {"text": 5}),
        (Options, {"validate": "yes"}),
        (QueueDetail, {"position": 1.5}),
    ],
)
def test_nothing_is_converted_silently(model: Any, data: Any) -> None:
    assert len(kinds(model, data)) == 1


def test_a_model_does_not_change() -> None:
    scenario = Scenario.model_validate({"fakefal": 1})
    with pytest.raises(ValidationError):
        setattr(scenario, "name", "x")  # noqa: B010  # written plainly, mypy sees it


def test_keys_with_the_names_of_python_words_keep_them_in_files() -> None:
    options = Options.model_validate({"validate": False})
    detail = StepDetail.model_validate({"for": "2s"})
    assert options.model_dump(by_alias=True, exclude_unset=True) == {"validate": False}
    assert detail.model_dump(mode="json", by_alias=True, exclude_unset=True) == {"for": "2s"}
