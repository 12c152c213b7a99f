"""Generated answers: always the same for the same input."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.call import Call
from fakefal.scenario.values.seeded import (
    canonical_json,
    digest,
    reasoning_for_call,
    seeded_inference_seconds,
    text_for_call,
)
from tests.scenario.strategies import CALLS, JSON, call


@given(CALLS, st.integers())
def test_the_same_call_and_seed_give_the_same_text(to: Call, seed: int) -> None:
    again = Call(to.endpoint, "run", to.input, {"x-other": "1"})
    assert text_for_call(to, seed) == text_for_call(again, seed)
    assert reasoning_for_call(to, seed) == reasoning_for_call(again, seed)


def test_the_text_is_the_same_in_every_version() -> None:
    to = call({"prompt": "Write a tagline", "n": 1})
    assert text_for_call(to, 0) == (
        "Way text prompt way light. Light same moves gives simple honest "
        "a over way. The water while systems every find."
    )
    assert reasoning_for_call(to, 7) == "That ask steps your your answers find systems."


@pytest.mark.parametrize(
    ("other", "seed"),
    [
        (call({"prompt": "b"}), 0),
        (call({"prompt": "a"}, "fal-ai/any-llm/vision"), 0),
        (call({"prompt": "a"}), 1),
    ],
)
def test_another_input_endpoint_or_seed_gives_another_text(other: Call, seed: int) -> None:
    assert text_for_call(other, seed) != text_for_call(call({"prompt": "a"}), 0)


@given(CALLS)
def test_a_text_is_two_or_three_sentences(to: Call) -> None:
    assert re.fullmatch(r"([A-Z][a-z ]*\. ){1,2}[A-Z][a-z ]*\.", text_for_call(to, 0))


@given(st.uuids().map(str))
def test_an_inference_time_is_plausible_and_follows_from_the_id(request_id: str) -> None:
    seconds = seeded_inference_seconds(request_id)
    assert 0.2 <= seconds <= 2.2
    assert seconds == seeded_inference_seconds(request_id)
    assert seconds == round(seconds, 4)


@given(st.dictionaries(st.text(), JSON))
def test_canonical_json_does_not_depend_on_the_order_of_keys(value: dict[str, Any]) -> None:
    assert canonical_json(value) == canonical_json(dict(reversed(value.items())))


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_other_parts_have_another_digest(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


def test_half_a_surrogate_pair_has_a_digest_too() -> None:
    assert len(digest("\ud800")) == 32
