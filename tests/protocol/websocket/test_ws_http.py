"""Messages of HTTP over a WebSocket (docs/reference/realtime.md#http-over-websocket)."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.websocket.ws_http import FRAME_BYTES, end_message, split_frames, start_message


def test_the_frames_around_a_body_have_type_and_request_id() -> None:
    assert json.loads(start_message("id-1", 422, [("Content-Type", "a/b")])) == {
        "type": "start",
        "request_id": "id-1",
        "status": 422,
        "headers": {"Content-Type": "a/b"},
    }
    assert json.loads(end_message("id-1", 200, 0.5)) == {
        "type": "end",
        "request_id": "id-1",
        "status": 200,
        "time_to_first_byte_seconds": 0.5,
    }


@given(st.text(min_size=1).flatmap(lambda text: st.integers(1, 90_000).map(lambda n: text * n)))
def test_frames_joined_are_the_body_and_none_cuts_a_character(text: str) -> None:
    body = text[:200_000].encode("utf-8", "replace")
    parts = list(split_frames(body))
    assert b"".join(parts) == body
    assert all(0 < len(part) <= FRAME_BYTES for part in parts)
    for part in parts:
        part.decode()


@given(st.binary(max_size=300_000))
def test_frames_of_any_bytes_joined_are_the_bytes(body: bytes) -> None:
    parts = list(split_frames(body * 3))
    assert b"".join(parts) == body * 3
    assert all(0 < len(part) <= FRAME_BYTES for part in parts)
