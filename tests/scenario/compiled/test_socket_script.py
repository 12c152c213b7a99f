"""Payloads of frames."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from fakefal.protocol.websocket.realtime import GARBAGE_FRAME
from fakefal.scenario.compiled.socket_script import Frame, FrameKind
from fakefal.scenario.templates.templates import TemplateError, compile_value

VARIABLES = {"input": {"q": "why"}}


def frame(kind: FrameKind, value: Any) -> Frame:
    return Frame(kind, compile_value(value, ()))


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("json", {"a": "{{ input.q }}", "b": 1}, '{"a":"why","b":1}'),
        ("json", "é", '"é"'),
        ("text", "{{ input.q }}?", "why?"),
        ("text", "{{ input }}", '{"q":"why"}'),
        ("text", "half \ud800", "half ?"),
        ("json", "half \ud800", '"half \\ud800"'),
        ("binary", "AAEC", b"\x00\x01\x02"),
        ("msgpack", {"a": "{{ input.q }}"}, msgpack.packb({"a": "why"})),
        ("msgpack", None, b"\xc0"),
        ("garbage", None, GARBAGE_FRAME),
    ],
)
def test_a_frame_is_encoded_by_its_kind(kind: FrameKind, value: Any, message: Any) -> None:
    assert frame(kind, value).message(VARIABLES) == message


def test_a_rendered_value_that_is_not_base64_is_an_error() -> None:
    with pytest.raises(TemplateError):
        frame("binary", "{{ input.q }}!").message(VARIABLES)
