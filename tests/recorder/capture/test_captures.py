from __future__ import annotations

import pytest

from fakefal.recorder.capture.captures import (
    Capture,
    RecordedRequest,
    RecordedResponse,
    Recording,
    buffered_response,
)
from tests.recorder.sessions import make_run


def test_the_pieces_of_a_response_are_one_body() -> None:
    response = RecordedResponse(
        200, (("Content-Type", "Text/Event-Stream; charset=utf-8"),), ((0.1, b"a"), (0.2, b"b"))
    )
    assert (response.body, response.content_type, response.header("CONTENT-type")[:4]) == (
        b"ab",
        "text/event-stream",
        "Text",
    )
    assert buffered_response(204, (), b"").pieces == ()
    assert buffered_response(200, (), b"x", 0.5).pieces == ((0.5, b"x"),)


def test_a_request_has_path_parameters_and_headers() -> None:
    request = RecordedRequest(
        "POST", "fal.run", "/acme/a%20b/", "x=1&x=2&y=", (("A", "b"),), b' {"n": 1}'
    )
    assert (request.decoded_path, request.url) == ("acme/a b", "https://fal.run/acme/a%20b/")
    assert (request.parameter("x"), request.parameter("y"), request.parameter("z")) == (
        "2",
        "",
        None,
    )
    assert (request.header("a"), request.header("b"), request.json()) == ("b", "", {"n": 1})
    assert RecordedRequest("GET", "fal.run", "/").json() is None


def test_a_body_that_is_not_json_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="line 1"):
        buffered_response(200, (), b"x").json()


def test_a_recording_lists_its_clients() -> None:
    first = make_run()
    hook = Capture(
        0,
        0,
        RecordedRequest("POST", "h", "/", "", (("User-Agent", "fal"),)),
        RecordedResponse(200),
        is_webhook=True,
    )
    assert Recording("here", 0.0, [first, hook, first]).clients == ["tests/1"]
