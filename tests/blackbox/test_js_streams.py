"""@fal-ai/client on Node: ``fal.stream``, whose decoder forgives nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.blackbox.driving import Seen

pytestmark = pytest.mark.blackbox


def output(text: str, *, partial: bool = False) -> dict[str, Any]:
    return {"output": text, "reasoning": None, "partial": partial, "error": None}


def test_a_stream_is_cumulative_and_ends_whole(js: Seen) -> None:
    seen = js["stream"]["words"]
    assert seen["events"] == [
        output("Ship", partial=True),
        output("Ship it", partial=True),
        output("Ship it today.", partial=True),
        output("Ship it today."),
    ]
    assert seen["done"]["result"] == seen["events"][-1]
    assert seen["errors"] == []


def test_a_stream_by_character_keeps_every_character(js: Seen) -> None:
    """The client decodes each chunk on its own: a character cut in two would be U+FFFD."""
    text = "🚀 船 naïve 👩‍🚀"
    growing = [output(text[: end + 1], partial=True) for end in range(len(text))]
    assert js["stream"]["characters"]["events"] == [*growing, output(text)]


def test_each_stream_has_a_request_id(js: Seen) -> None:
    seen = js["stream"]
    ids = {seen[name]["requestId"] for name in ("words", "characters", "flagged")}
    assert None not in ids
    assert len(ids) == 3


def test_a_missing_prompt_is_a_validation_error(js: Seen) -> None:
    seen = js["invalid"]["stream"]
    assert seen["errors"] == [422]
    assert seen["events"] == []
    assert seen["done"]["raised"] == "ValidationError"
    assert seen["done"]["fieldErrors"][0]["loc"] == ["body", "prompt"]


def test_a_scripted_failure_comes_before_the_first_event(js: Seen) -> None:
    seen = js["stream"]["flagged"]
    assert seen["errors"] == [422]
    assert seen["events"] == []
    assert seen["done"]["fieldErrors"][0]["type"] == "content_policy_violation"
