from __future__ import annotations

from typing import Any

import fal_client
import pytest

from fakefal import FakeFal, FakefalError, all_of, anything, contains

ANY_LLM = "fal-ai/any-llm"


def test_a_partial_answer_has_no_end(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM, prompt="cut").partial("As far as")
    fakefal.on(ANY_LLM, prompt="error").partial("As far as", error="upstream said no")
    events = list(fal_client.stream(ANY_LLM, {"prompt": "cut"}))
    assert [event["output"] for event in events] == ["As", "As far", "As far as"]
    assert all(event["partial"] for event in events)
    *_, last = fal_client.stream(ANY_LLM, {"prompt": "error"})
    assert (last["output"], last["error"]) == ("As far as", "upstream said no")
    assert fal_client.run(ANY_LLM, {"prompt": "error"})["error"] == "upstream said no"


def test_pieces_of_a_stream(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).stream("Ship", " it.")
    outputs = [event["output"] for event in fal_client.stream(ANY_LLM, {"prompt": "x"})]
    assert outputs == ["Ship", "Ship it.", "Ship it."]


def test_all_of_and_anything(fakefal: FakeFal) -> None:
    fakefal.on("a/b", prompt=all_of(contains("a"), contains("b"))).output("both")
    fakefal.on("a/b", seed=anything()).output("seeded")
    fakefal.on("a/b").output("other")
    inputs: list[dict[str, Any]] = [{"prompt": "ab"}, {"seed": 0}, {"prompt": "a"}]
    outputs: list[Any] = [fal_client.run("a/b", it) for it in inputs]
    assert outputs == ["both", "seeded", "other"]


def test_a_reply_is_a_function(fakefal: FakeFal) -> None:
    with pytest.raises(FakefalError, match="reply takes a function"):
        fakefal.on("a/b").reply("text")  # type: ignore[arg-type]  # the mistake


def test_the_description_is_the_arguments_of_on(fakefal: FakeFal) -> None:
    assert fakefal.on("a/b", n=1).text("x").description == 'endpoint="a/b", input={"n": 1}'
