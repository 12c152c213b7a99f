"""Outputs of openrouter/router."""

from __future__ import annotations

import pytest

from fakefal.protocol.llm.anyllm import BARE_OUTPUT, OutputShape
from fakefal.protocol.llm.completion import Chunkers, Completion
from fakefal.protocol.llm.router import RouterFormat
from fakefal.protocol.llm.tokens import Usage

USAGE = Usage(4, 3, 0, 4e-05)
COMPLETION = Completion(("ab",), USAGE, "so")
CHUNKERS = Chunkers(list, list, list)
FORMAT = RouterFormat(OutputShape(has_reasoning_field=True, shows_reasoning=True))


def test_an_output_has_any_llms_fields_and_the_usage() -> None:
    assert list(FORMAT.body(COMPLETION).items()) == [
        ("output", "ab"),
        ("reasoning", "so"),
        ("partial", False),
        ("error", None),
        ("usage", USAGE.to_router()),
    ]


def test_vision_has_only_output_and_usage() -> None:
    format_ = RouterFormat(BARE_OUTPUT)
    assert format_.body(COMPLETION) == {"output": "ab", "usage": USAGE.to_router()}
    assert list(format_.content_events(COMPLETION, CHUNKERS)) == [{"output": "a"}, {"output": "ab"}]


@pytest.mark.parametrize(("repeats", "count"), [(True, 2), (False, 1)])
def test_a_stream_grows_and_ends_with_the_usage(repeats: bool, count: int) -> None:
    format_ = RouterFormat(FORMAT.shape, repeats)
    events = list(format_.content_events(COMPLETION, CHUNKERS))
    assert [event["output"] for event in events] == ["", "", "a", "ab"][: 2 + count]
    assert all(event["partial"] and "usage" not in event for event in events)
    assert list(format_.final_events(COMPLETION)) == [format_.body(COMPLETION)]


def test_every_shape_has_an_error_field_for_an_error() -> None:
    completion = Completion(("",), USAGE, error="no")
    assert FORMAT.body(completion)["error"] == "no"
    assert RouterFormat(BARE_OUTPUT).body(completion)["error"] == "no"
    assert list(FORMAT.content_events(completion, CHUNKERS)) == []


def test_an_error_event_keeps_the_output_so_far() -> None:
    assert FORMAT.error_event("no", {"output": "a", "partial": True}) == {
        "output": "a",
        "partial": False,
        "error": "no",
    }
    assert FORMAT.error_event("no", None)["output"] == ""
