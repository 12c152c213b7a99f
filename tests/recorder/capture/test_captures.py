from __future__ import annotations

import pytest

from fakefal.recorder.capture.captures import Asked, Capture, Heard, Recording, pairs_of, whole
from tests.recorder.talking import run


def test_an_answer_in_pieces_is_one_body() -> None:
    heard = Heard(
        200, (("Content-Type", "Text/Event-Stream; charset=utf-8"),), ((0.1, b"a"), (0.2, b"b"))
    )
    assert (heard.body, heard.content_type, heard.header("CONTENT-type")[:4]) == (
        b"ab",
        "text/event-stream",
        "Text",
    )
    assert whole(204, (), b"").pieces == ()
    assert whole(200, (), b"x", 0.5).pieces == ((0.5, b"x"),)


def test_a_request_knows_its_parts() -> None:
    asked = Asked(
        "POST", "fal.run", "/acme/a%20b/", "x=1&x=2&y=", pairs_of({"A": "b"}), b' {"n": 1}'
    )
    assert (asked.plain_path, asked.url) == ("acme/a b", "https://fal.run/acme/a%20b/")
    assert (asked.parameter("x"), asked.parameter("y"), asked.parameter("z")) == ("2", "", None)
    assert (asked.header("a"), asked.header("b"), asked.json()) == ("b", "", {"n": 1})
    assert Asked("GET", "fal.run", "/").json() is None


def test_what_is_no_json_says_so() -> None:
    with pytest.raises(ValueError, match="line 1"):
        whole(200, (), b"x").json()


def test_a_recording_knows_who_asked() -> None:
    first = run()
    hook = Capture(
        0, 0, Asked("POST", "h", "/", "", (("User-Agent", "fal"),)), Heard(200), is_webhook=True
    )
    assert Recording("here", 0.0, [first, hook, first]).clients == ["tests/1"]
