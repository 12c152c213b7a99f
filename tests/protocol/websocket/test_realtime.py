"""The codec of realtime sockets (docs/reference/realtime.md#realtime-sessions)."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.websocket.realtime import (
    TIMEOUT_MESSAGE,
    FrameError,
    decode_input,
    decode_message,
    denied_message,
    encode_output,
    error_reason,
    internal_error_message,
    timings_message,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
MAPS = st.dictionaries(st.text(), VALUES, max_size=5)


@given(MAPS)
def test_what_is_sent_is_what_is_read(value: dict[str, Any]) -> None:
    frame = encode_output(value)
    assert decode_input(frame) == value
    assert msgpack.unpackb(frame, raw=False) == value


@given(st.lists(MAPS, max_size=5))
def test_frame_by_frame_nothing_of_one_is_left_for_the_next(values: list[dict[str, Any]]) -> None:
    frames = [encode_output(value) for value in values]
    assert [decode_input(frame) for frame in frames] == values
    unpacker = msgpack.Unpacker(raw=False)
    unpacker.feed(b"".join(frames))
    assert list(unpacker) == values


@given(MAPS, st.data())
def test_a_truncated_frame_is_an_error(value: dict[str, Any], data: st.DataObject) -> None:
    frame = encode_output(value)
    end = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(FrameError):
        decode_input(frame[:end])


@given(MAPS, st.binary(min_size=1))
def test_a_frame_with_trailing_bytes_is_an_error(value: dict[str, Any], more: bytes) -> None:
    with pytest.raises(FrameError):
        decode_input(encode_output(value) + more)


@given(st.binary())
def test_any_bytes_are_an_input_or_an_error_with_a_reason(frame: bytes) -> None:
    try:
        value = decode_input(frame)
    except FrameError as error:
        value = {"reason": str(error)}
    assert json.dumps(value, allow_nan=False) != '{"reason": ""}'


def test_bytes_and_timestamps_are_converted_to_json() -> None:
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    frame = msgpack.packb({"image": b"\x00\x01", "at": moment, b"key": 1}, datetime=True)
    assert decode_input(frame) == {
        "image": "data:application/octet-stream;base64,AAE=",
        "at": "2026-01-01T00:00:00.000000Z",
        "key": 1,
    }


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = [value]
    return {"a": value}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([1], "argument after ** must be a mapping, not list"),
        ("text", "argument after ** must be a mapping, not str"),
        ({"a": float("nan")}, "nan is not a JSON number"),
        ({"a": msgpack.ExtType(7, b"x")}, "cannot read ExtType"),
        ({1: 2}, "int is not allowed for map key when strict_map_key=True"),
        (nested(300), "nested over 200 levels deep"),
    ],
)
def test_an_invalid_input_has_a_reason(value: Any, reason: str) -> None:
    with pytest.raises(FrameError) as caught:
        decode_input(msgpack.packb(value))
    assert str(caught.value) == reason


def test_an_invalid_output_has_a_reason() -> None:
    for value in ([1], {"a": 2**64}, {"a": "\ud800"}):
        with pytest.raises(FrameError, match=r"\w+ \w+"):
            encode_output(value)


def test_control_messages_are_compact_json_in_the_order_of_the_sdk() -> None:
    assert TIMEOUT_MESSAGE == (
        '{"type":"x-fal-error","error":"TIMEOUT","reason":"no inputs, reconnect when needed!"}'
    )
    assert internal_error_message("naïve") == (
        '{"type":"x-fal-error","error":"INTERNAL_ERROR","reason":"naïve"}'
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"detail": "Runner disconnected"}, "Runner disconnected"),
        (
            {"detail": [{"loc": ["body", "n"], "msg": "Wrong"}]},
            "body.n: Wrong",
        ),
        ({"detail": [{"msg": "a"}, {"b": 1}]}, 'a; {"b": 1}'),
        ({"detail": [{"loc": None, "msg": "a"}]}, "a"),
        ({"error": {"message": "x"}}, '{"error": {"message": "x"}}'),
        (b"<html>", "<html>"),
    ],
)
def test_a_failure_over_http_has_a_reason_here(body: Any, reason: str) -> None:
    assert error_reason(body) == reason


def test_timings_are_compact_json() -> None:
    assert timings_message(0.123) == '{"type":"x-fal-message","action":"timings","timing":0.123}'


def test_a_socket_rejected_after_the_handshake_gets_a_reason() -> None:
    assert denied_message(401, "whatever") == '{"status":"error","error":"Unauthorized"}'
    assert denied_message(403, "locked") == '{"status":"error","error":"locked"}'


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ('{"a": 1}', {"a": 1}),
        ("[1, 2]", [1, 2]),
        ("5", "5"),
        ("hello", "hello"),
        ("", ""),
        (msgpack.packb({"a": [1, b"x"]}), {"a": [1, "data:application/octet-stream;base64,eA=="]}),
        (msgpack.packb(5), "data:application/octet-stream;base64,BQ=="),
        (b"\xff\xfe", "data:application/octet-stream;base64,//4="),
    ],
)
def test_any_message_is_some_json(frame: bytes | str, message: object) -> None:
    assert decode_message(frame) == message


@given(st.one_of(st.binary(), st.text()))
def test_any_message_is_decoded(frame: bytes | str) -> None:
    json.dumps(decode_message(frame), allow_nan=False)
