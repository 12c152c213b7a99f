"""Outputs of openrouter/router."""

from __future__ import annotations

import pytest

from fakefal.protocol.llm.anyllm import BARE_OUTPUT, OutputShape
from fakefal.protocol.llm.completion import Chunkers, Completion
from fakefal.protocol.llm.router import RouterFormat
from fakefal.protocol.llm.tokens import Usage

USAGE = Usage(4, 3, 0, 4e-05)
SPEECH = Completion(("ab",), USAGE, "so")
CUTS = Chunkers(list, list, list)
FORM = RouterFormat(OutputShape(has_reasoning_field=True, shows_reasoning=True))


def test_an_output_has_any_llms_fields_and_the_usage() -> None:
    assert list(FORM.body(SPEECH).items()) == [
        ("output", "ab"),
        ("reasoning", "so"),
        ("partial", False),
        ("error", None),
        ("usage", USAGE.to_router()),
    ]


def test_vision_has_the_output_and_the_usage_alone() -> None:
    form = RouterFormat(BARE_OUTPUT)
    assert form.body(SPEECH) == {"output": "ab", "usage": USAGE.to_router()}
    assert list(form.content_events(SPEECH, CUTS)) == [{"output": "a"}, {"output": "ab"}]


@pytest.mark.parametrize(("repeats", "count"), [(True, 2), (False, 1)])
def test_a_stream_grows_and_ends_with_the_usage(repeats: bool, count: int) -> None:
    form = RouterFormat(FORM.shape, repeats)
    growing = list(form.content_events(SPEECH, CUTS))
    assert [it["output"] for it in growing] == ["", "", "a", "ab"][: 2 + count]
    assert all(it["partial"] and "usage" not in it for it in growing)
    assert list(form.final_events(SPEECH)) == [form.body(SPEECH)]


def test_a_soft_error_is_told_by_every_shape() -> None:
    speech = Completion(("",), USAGE, error="no")
    assert FORM.body(speech)["error"] == "no"
    assert RouterFormat(BARE_OUTPUT).body(speech)["error"] == "no"
    assert list(FORM.content_events(speech, CUTS)) == []


def test_a_broken_stream_keeps_what_was_said() -> None:
    assert FORM.error_event("no", {"output": "a", "partial": True}) == {
        "output": "a",
        "partial": False,
        "error": "no",
    }
    assert FORM.error_event("no", None)["output"] == ""
