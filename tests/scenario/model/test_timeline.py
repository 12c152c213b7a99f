"""Validation of ``timeline`` and ``stream``."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.model.faults import FaultSpec
from fakefal.scenario.model.timeline import Log, QueueDetail, StepDetail, StepSpec, StreamSpec
from tests.scenario.error_types import error_types


def test_a_log_entry_may_be_its_message() -> None:
    detail = StepDetail.model_validate({"logs": ["a", {"message": "a"}]})
    assert detail.logs == [Log(message="a"), Log(message="a", level="INFO", source="USER")]


@pytest.mark.parametrize("detail", [None, {}])
def test_a_step_may_be_empty(detail: Any) -> None:
    step = StepSpec.model_validate({"IN_QUEUE": detail})
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
def test_a_step_has_one_state(step: Any) -> None:
    assert error_types(StepSpec, step) == ["one_step"]


@pytest.mark.parametrize("data", [{"by": "word", "count": 2}, {"chunks": [], "events": []}])
def test_ways_to_split_a_stream_cannot_be_combined(data: Any) -> None:
    assert error_types(StreamSpec, data) == ["conflict"]


def test_a_position_is_an_integer() -> None:
    assert len(error_types(QueueDetail, {"position": 1.5})) == 1


def test_the_alias_of_for_is_used_in_files() -> None:
    detail = StepDetail.model_validate({"for": "2s"})
    assert detail.model_dump(mode="json", by_alias=True, exclude_unset=True) == {"for": "2s"}


def test_a_cut_may_be_a_number_of_events() -> None:
    assert StreamSpec.model_validate({"cut": 3}) == StreamSpec.model_validate({"cut": {"after": 3}})
    assert FaultSpec.model_validate({"cut": 0}) == FaultSpec.model_validate({"cut": {"after": 0}})


@pytest.mark.parametrize("cut", [-1, True, "soon", 1.5])
def test_other_cuts_are_rejected(cut: Any) -> None:
    assert len(error_types(StreamSpec, {"cut": cut})) == 1
