"""Generated answers: always the same for the same input."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.call import Call
from fakefal.scenario.values.generated_text import reasoning_for_call, text_for_call
from tests.scenario.strategies import CALLS, call


@given(CALLS, st.integers())
def test_the_same_call_and_seed_give_the_same_text(original: Call, seed: int) -> None:
    again = Call(original.endpoint, "run", original.input, {"x-other": "1"})
    assert text_for_call(original, seed) == text_for_call(again, seed)
    assert reasoning_for_call(original, seed) == reasoning_for_call(again, seed)


def test_the_text_is_the_same_in_every_version() -> None:
    llm_call = call({"prompt": "Write a tagline", "n": 1})
    assert text_for_call(llm_call, 0) == (
        "Way text prompt way light. Light same moves gives simple honest "
        "a over way. The water while systems every find."
    )
    assert reasoning_for_call(llm_call, 7) == "That ask steps your your answers find systems."


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
def test_a_text_is_two_or_three_sentences(original: Call) -> None:
    text = text_for_call(original, 0)
    assert re.fullmatch(r"([A-Z][a-z ]*\. ){1,2}[A-Z][a-z ]*\.", text)
