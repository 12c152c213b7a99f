from __future__ import annotations

import pytest

from fakefal.recorder.importers.foreign import NotThisFormat
from fakefal.recorder.importers.messages import is_raw_messages, read_messages
from tests.recorder.importers.replay import replayed

HTTPIE = """\
POST /acme/draw HTTP/1.1
Host: fal.run
Content-Type: application/json

{"n": 1}


HTTP/1.1 200 OK
Content-Type: application/json

{
    "n": 1
}


POST /acme/draw HTTP/1.1
Host: fal.run

{"n": 2}

HTTP/1.1 100 Continue

HTTP/1.1 422 Unprocessable Entity

{"detail": "no"}
"""


async def test_requests_and_responses_of_httpie_are_replayed() -> None:
    imported = read_messages(HTTPIE, "h.txt")
    assert [(status, body) for _, status, body in await replayed(imported)] == [
        (200, {"n": 1}),
        (422, {"detail": "no"}),
    ]


def test_responses_alone_are_bodies_with_their_status() -> None:
    text = "HTTP/1.1 200 Connection established\r\n\r\nHTTP/2 200 \r\nx-a: b\r\n\r\n{}\r\n"
    (pasted,) = read_messages(text, "c.txt").pasted
    assert (pasted.status, pasted.headers, pasted.body) == (200, (("x-a", "b"),), b"{}")
    assert pasted.location == "c.txt:3"
    stream = "HTTP/2 200\ncontent-type: text/event-stream\n\ndata: 1\n\ndata: 2\n\n"
    assert read_messages(stream, "c.txt").pasted[0].body == b"data: 1\n\ndata: 2\n"


def test_other_text_is_not_a_message() -> None:
    assert is_raw_messages("\nHTTP/2 200\n")
    assert not is_raw_messages("hello\nHTTP/2 200\n")
    with pytest.raises(NotThisFormat):
        read_messages("hello", "c.txt")
