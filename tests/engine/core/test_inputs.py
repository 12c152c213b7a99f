from __future__ import annotations

from fakefal.engine.core.inputs import LARGE_BYTES, LargeInputs, shortened, size_of
from tests.building import make_call


def image(letter: str) -> dict[str, str]:
    return {"image_url": f"data:image/png;base64,{letter * LARGE_BYTES}", "prompt": letter}


def test_the_size_is_that_of_all_texts() -> None:
    assert size_of({"a": "xx", "b": ["yyy", {"c": "z"}], "d": 5}) == 6


def test_the_oldest_large_inputs_are_shortened_to_stay_within_the_bound() -> None:
    inputs = LargeInputs(3 * LARGE_BYTES)
    calls = [make_call(input_=image(letter)) for letter in "abcd"]
    for call in calls:
        inputs.keep(call)
    assert [size_of(call.input) >= LARGE_BYTES for call in calls] == [False, False, True, True]
    assert calls[0].input["image_url"].endswith(f"… ({LARGE_BYTES + 22} characters)")
    assert calls[0].input["prompt"] == "a"
    assert inputs.size <= 3 * LARGE_BYTES


def test_an_equal_input_is_kept_once() -> None:
    inputs = LargeInputs(3 * LARGE_BYTES)
    calls = [make_call(input_=image("a")) for _ in range(5)]
    for call in calls:
        call.fingerprint = b"same"
        inputs.keep(call)
    assert len({id(call.input) for call in calls}) == 1
    assert inputs.size < 2 * LARGE_BYTES


def test_small_inputs_stay_as_they_are() -> None:
    inputs = LargeInputs(0)
    calls = [make_call(input_={"prompt": "x"}) for _ in range(3)]
    for call in calls:
        inputs.keep(call)
    assert [call.input for call in calls] == [{"prompt": "x"}] * 3
    assert shortened([{"a": "b"}, 1], 5) == [{"a": "b"}, 1]
