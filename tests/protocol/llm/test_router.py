"""Outputs of openrouter/router."""

from __future__ import annotations

import pytest

from fakefal.protocol.llm.anyllm import OUTPUT_ALONE, OutputShape
from fakefal.protocol.llm.completion import Cuts, Speech
from fakefal.protocol.llm.router import RouterForm
from fakefal.protocol.llm.tokens import Usage

USAGE = Usage(4, 3, 0, 4e-05)
SPEECH = Speech(("ab",), USAGE, "so")
CUTS = Cuts(list, list, list)
FORM = RouterForm(OutputShape(reasoning=True, shows_reasoning=True))


def test_an_output_has_any_llms_fields_and_the_usage() -> None:
    assert list(FORM.whole(SPEECH).items()) == [
        ("output", "ab"),
        ("reasoning", "so"),
        ("partial", False),
        ("error", None),
        ("usage", USAGE.of_router()),
    ]


def test_vision_has_the_output_and_the_usage_alone() -> None:
    form = RouterForm(OUTPUT_ALONE)
    assert form.whole(SPEECH) == {"output": "ab", "usage": USAGE.of_router()}
    assert list(form.growing(SPEECH, CUTS)) == [{"output": "a"}, {"output": "ab"}]


@pytest.mark.parametrize(("repeats", "count"), [(True, 2), (False, 1)])
def test_a_stream_grows_and_ends_with_the_usage(repeats: bool, count: int) -> None:
    form = RouterForm(FORM.shape, repeats)
    growing = list(form.growing(SPEECH, CUTS))
    assert [it["output"] for it in growing] == ["", "", "a", "ab"][: 2 + count]
    assert all(it["partial"] and "usage" not in it for it in growing)
    assert list(form.closing(SPEECH)) == [form.whole(SPEECH)]


def test_a_soft_error_is_told_by_every_shape() -> None:
    speech = Speech(("",), USAGE, error="no")
    assert FORM.whole(speech)["error"] == "no"
    assert RouterForm(OUTPUT_ALONE).whole(speech)["error"] == "no"
    assert list(FORM.growing(speech, CUTS)) == []


def test_a_broken_stream_keeps_what_was_said() -> None:
    assert FORM.broken("no", {"output": "a", "partial": True}) == {
        "output": "a",
        "partial": False,
        "error": "no",
    }
    assert FORM.broken("no", None)["output"] == ""
