"""Compiling ``frames`` and ``on_message``."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.compiled.socket_script import Script
from fakefal.scenario.compiler.socket_script import compile_script
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.templates.templates import TemplateError


def script(*frames: Any, **reply: Any) -> Script:
    compiled = compile_script(Reply.model_validate({"frames": list(frames), **reply}), ("reply",))
    assert compiled is not None
    return compiled


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"json": {"a": 1}}, '{"a":1}'),
        ({"json": None}, "null"),
        ({"text": "hi"}, "hi"),
        ({"binary": "AAEC"}, b"\x00\x01\x02"),
        ({"msgpack": None}, b"\xc0"),
    ],
)
def test_a_frame_has_the_kind_of_its_key(frame: Any, message: bytes | str) -> None:
    (compiled,) = script(frame).frames
    assert compiled.kind == next(iter(frame))
    assert compiled.message({}) == message


def test_frames_that_send_no_message() -> None:
    wait, receive, close, reset = script(
        {"wait": "2s"}, {"receive": {"a": 1}}, {"close": 4000, "reason": "bye"}, "reset"
    ).frames
    assert (wait.kind, wait.seconds) == ("wait", 2.0)
    assert receive.matcher is not None
    assert receive.matcher.matches({"a": 1.0, "b": 2})
    assert (close.kind, close.code, close.reason) == ("close", 4000, "bye")
    assert reset.kind == "reset"


def test_a_rule_without_input_matches_every_message() -> None:
    rules = script(on_message=[{"input": {"a": 1}, "frames": [], "times": 2}, {"frames": []}]).rules
    assert rules[0].matcher is not None
    assert (rules[0].times, rules[1].matcher, rules[1].times) == (2, None, None)


def test_a_reply_without_frames_has_no_script() -> None:
    assert compile_script(Reply.model_validate({"text": "a"}), ()) is None


def test_an_error_has_its_path() -> None:
    with pytest.raises(TemplateError) as caught:
        script({"text": "{{ oops"})
    assert caught.value.path[:3] == ("reply", "frames", 0)
    with pytest.raises(PatternError):
        script({"receive": {"$x": 1}})
