from __future__ import annotations

import pytest

from fakefal.recorder.capture.captures import (
    Capture,
    RecordedRequest,
    RecordedResponse,
    Recording,
    buffered_response,
    to_pairs,
)
from tests.recorder.talking import make_run


def test_an_answer_in_pieces_is_one_body() -> None:
    heard = RecordedResponse(
        200, (("Content-Type", "Text/Event-Stream; charset=utf-8"),), ((0.1, b"a"), (0.2, b"b"))
    )
    assert (heard.body, heard.content_type, heard.header("CONTENT-type")[:4]) == (
        b"ab",
        "text/event-stream",
        "Text",
    )
    assert buffered_response(204, (), b"").pieces == ()
    assert buffered_response(200, (), b"x", 0.5).pieces == ((0.5, b"x"),)


def test_a_request_knows_its_parts() -> None:
    asked = RecordedRequest(
        "POST", "fal.run", "/acme/a%20b/", "x=1&x=2&y=", to_pairs({"A": "b"}), b' {"n": 1}'
    )
    assert (asked.decoded_path, asked.url) == ("acme/a b", "https://fal.run/acme/a%20b/")
    assert (asked.parameter("x"), asked.parameter("y"), asked.parameter("z")) == ("2", "", None)
    assert (asked.header("a"), asked.header("b"), asked.json()) == ("b", "", {"n": 1})
    assert RecordedRequest("GET", "fal.run", "/").json() is None


def test_what_is_no_json_says_so() -> None:
    with pytest.raises(ValueError, match="line 1"):
        buffered_response(200, (), b"x").json()


def test_a_recording_knows_who_asked() -> None:
    first = make_run()
    hook = Capture(
        0,
        0,
        RecordedRequest("POST", "h", "/", "", (("User-Agent", "fal"),)),
        RecordedResponse(200),
        is_webhook=True,
    )
    assert Recording("here", 0.0, [first, hook, first]).clients == ["tests/1"]
