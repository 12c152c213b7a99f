"""Frames made ready."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from fakefal.protocol.websocket.realtime import GARBAGE_FRAME
from fakefal.scenario.compiled.socket_script import Script
from fakefal.scenario.compiler.socket_script import compile_script
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.templates.templates import TemplateError

VARIABLES = {"input": {"q": "why"}}


def script(*frames: Any, **reply: Any) -> Script:
    found = compile_script(Reply.model_validate({"frames": list(frames), **reply}), ())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"json": {"a": "{{ input.q }}", "b": 1}}, '{"a":"why","b":1}'),
        ({"json": "é"}, '"é"'),
        ({"text": "{{ input.q }}?"}, "why?"),
        ({"text": "{{ input }}"}, '{"q":"why"}'),
        ({"text": "half \ud800"}, "half ?"),
        ({"json": "half \ud800"}, '"half \\ud800"'),
        ({"binary": "AAEC"}, b"\x00\x01\x02"),
        ({"msgpack": {"a": "{{ input.q }}"}}, msgpack.packb({"a": "why"})),
        ({"msgpack": None}, b"\xc0"),
        ("garbage", GARBAGE_FRAME),
    ],
)
def test_what_a_frame_sends(frame: Any, message: bytes | str) -> None:
    (found,) = script(frame).frames
    assert found.message(VARIABLES) == message


def test_frames_that_send_nothing() -> None:
    wait, receive, close = script(
        {"wait": "2s"}, {"receive": {"a": 1}}, {"close": 4000, "reason": "bye"}
    ).frames
    assert (wait.kind, wait.seconds) == ("wait", 2.0)
    assert receive.matcher is not None
    assert receive.matcher.matches({"a": 1.0, "b": 2})
    assert (close.kind, close.code, close.reason) == ("close", 4000, "bye")


def test_a_template_may_make_bytes_that_are_none() -> None:
    (frame,) = script({"binary": "{{ input.q }}!"}).frames
    with pytest.raises(TemplateError):
        frame.message(VARIABLES)


def test_a_rule_without_input_answers_every_message() -> None:
    rules = script(on_message=[{"input": {"a": 1}, "frames": [], "times": 2}, {"frames": []}]).rules
    assert rules[0].matcher is not None
    assert (rules[0].times, rules[1].matcher, rules[1].times) == (2, None, None)


def test_a_reply_without_frames_has_no_script() -> None:
    assert compile_script(Reply.model_validate({"text": "a"}), ()) is None


def test_what_cannot_be_read_names_its_place() -> None:
    with pytest.raises(TemplateError) as caught:
        compile_script(Reply.model_validate({"frames": [{"text": "{{ oops"}]}), ("reply",))
    assert caught.value.path[:3] == ("reply", "frames", 0)
    with pytest.raises(PatternError):
        compile_script(Reply.model_validate({"frames": [{"receive": {"$x": 1}}]}), ())
