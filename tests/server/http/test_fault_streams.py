"""Streams with connection faults: cut, stalled or sliced, on both event loops."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.sse import Decoder, ServerSentEvent
from fakefal.server.http.fault_writer import GARBAGE
from tests.building import exchange
from tests.server.fault_server import (
    LOOPS,
    QUEUE,
    ServerUnderTest,
    faulty,
    split_chunks,
    threaded_server,
)
from tests.server.raw_http import http

on_both = pytest.mark.parametrize("loop", LOOPS)
STREAM = http(path=b"/fal-ai/any-llm/stream")
TEXT = "é → b"


def event(text: str, *, partial: bool = True) -> bytes:
    written = text.replace("é", "\\u00e9").replace("→", "\\u2192")
    body = (
        f'{{"output":"{written}","reasoning":null,"partial":{str(partial).lower()},"error":null}}'
    )
    return f"event: event\r\ndata: {body}\r\n\r\n".encode()


WHOLE = [event("é"), event("é →"), event("é → b"), event("é → b", partial=False)]


def streamed(stream: dict[str, Any], **reply: Any) -> dict[str, Any]:
    return exchange({"text": TEXT, "stream": stream, **reply})


def read_stream(served: ServerUnderTest) -> tuple[bytes, list[bytes], str]:
    """Head, chunks and end of a stream."""
    head, body, end = served.request(STREAM)
    return head, split_chunks(body), end


@on_both
@pytest.mark.parametrize(
    ("stream", "pieces", "end"),
    [
        ({"cut": {"after": 2}}, WHOLE[:2], "closed"),
        ({"cut": {"after": 0}}, [], "closed"),
        ({"cut": {"after": 4}}, WHOLE, "closed"),
        ({"cut": {"after": 99}}, WHOLE, "closed"),
        ({"cut": {"after": 1, "how": "reset"}}, WHOLE[:1], "reset"),
        ({"cut": {"after": 0, "how": "reset"}}, [], "reset"),
        ({"cut": {"after": 1, "how": "garbage"}}, [WHOLE[0], GARBAGE, b""], "closed"),
    ],
)
def test_a_stream_breaks_off_after_n_events(
    loop: str, stream: dict[str, Any], pieces: list[bytes], end: str
) -> None:
    with threaded_server(loop, streamed(stream)) as served:
        head, response, ended = read_stream(served)
        assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream")
        assert b"Transfer-Encoding: chunked" in head.split(b"\r\n")
        assert (response, ended) == (pieces, end)


@on_both
@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_sliced_stream_is_cut_through_line_ends_and_is_the_same(loop: str, size: int) -> None:
    with threaded_server(loop, streamed({"slice": size})) as served:
        _, response, end = read_stream(served)
        assert (b"".join(response), end) == (b"".join(WHOLE), "closed")
        assert response[-1] == b""
        assert {len(piece) for piece in response[:-1]} <= set(range(1, size + 1))
        decoder = Decoder()
        events: list[ServerSentEvent] = []
        for piece in response:
            events += decoder.feed(piece)
        assert len(events) == 4
        if size == 1:
            assert b"\r" in response
            assert b"\n" in response


@on_both
def test_a_stall_in_a_stream_ends_with_a_close_or_lasts(loop: str) -> None:
    stream = {"cut": {"after": 1, "how": "stall", "for": "20s"}}
    with threaded_server(loop, streamed(stream)) as served:
        connection = served.connect(STREAM)
        connection.read_head()
        framed = b"%x\r\n%s\r\n" % (len(WHOLE[0]), WHOLE[0])
        assert connection.read(len(framed)) == framed
        served.wait_until_clock_is_awaited()
        served.advance(19)
        assert connection.is_silent()
        served.advance(1)
        assert connection.read_rest() == (b"", "closed")


@on_both
def test_a_stream_continues_after_a_stall(loop: str) -> None:
    with threaded_server(loop, streamed({"stall": "20s"})) as served:
        connection = served.connect(STREAM)
        connection.read_head()
        framed = b"%x\r\n%s\r\n" % (len(WHOLE[0]), WHOLE[0])
        assert connection.read(len(framed)) == framed
        served.wait_until_clock_is_awaited()
        assert connection.is_silent()
        served.advance(20)
        remainder, end = connection.read_rest()
        assert (b"".join(split_chunks(remainder)), end) == (b"".join(WHOLE[1:]), "closed")


@on_both
def test_a_stream_may_end_without_its_last_event_or_with_an_error(loop: str) -> None:
    broken = {"cut": {"after": 1, "how": "error", "error": "gone"}}
    replies = [{"text": TEXT, "stream": stream} for stream in ({"final": False}, broken)]
    with threaded_server(loop, {"replies": replies}) as served:
        assert b"".join(read_stream(served)[1]) == b"".join(WHOLE[:3])
        last = event("é", partial=False).replace(b'"error":null', b'"error":"gone"')
        assert b"".join(read_stream(served)[1]) == WHOLE[0] + last


# Faults of the request for a stream


@on_both
@pytest.mark.parametrize(
    ("fault", "body", "end"),
    [
        ("reset", None, "reset"),
        ("close", None, "closed"),
        ("accepted-then-reset", None, "reset"),
        ("reset-headers", [], "reset"),
        ("reset-during", WHOLE[:1], "reset"),
        ("reset-after", [*WHOLE, b""], "reset"),
        ("truncate", WHOLE[:1], "closed"),
        ({"cut": {"after": 3, "how": "reset"}}, WHOLE[:3], "reset"),
    ],
)
def test_the_faults_of_buffered_responses_apply_to_streams_too(
    loop: str, fault: Any, body: list[bytes] | None, end: str
) -> None:
    with threaded_server(loop, faulty("stream", fault, text=TEXT)) as served:
        head, response, ended = read_stream(served)
        assert ended == end
        assert bool(head) is (body is not None)
        assert response == (body or [])
        assert b"".join(read_stream(served)[1]) == b"".join(WHOLE)


@on_both
def test_a_rejected_stream_is_an_ordinary_response(loop: str) -> None:
    with threaded_server(loop, faulty("stream", "422", "nginx-502")) as served:
        head, body, _ = served.request(STREAM)
        assert head.startswith(
            b"HTTP/1.1 422 Unprocessable Entity\r\nContent-Type: application/json"
        )
        assert body == b'{"detail":"Invalid input"}'
        assert served.request(STREAM)[0].startswith(b"HTTP/1.1 502 Bad Gateway")


@on_both
def test_the_events_and_headers_of_a_stream_can_be_altered(loop: str) -> None:
    fault = {
        "drop": ["reasoning", "error"],
        "set": {"output": "é"},
        "content_type": "text/plain",
        "headers": {"X-A": "b"},
        "delay": "1s",
    }
    with threaded_server(loop, faulty("stream", fault, text="a b")) as served:
        connection = served.connect(STREAM)
        served.wait_until_clock_is_awaited()
        assert connection.is_silent()
        served.advance(1)
        lines = connection.read_head().split(b"\r\n")
        assert {b"X-A: b", b"Content-Type: text/plain"} <= set(lines)
        received, end = connection.read_rest()
        *events, last = split_chunks(received)
        expected = b'event: event\r\ndata: {"output":"\\u00e9","partial":%s}\r\n\r\n'
        assert events == [expected % b"true"] * 2 + [expected % b"false"]
        assert (last, end) == (b"", "closed")


@on_both
def test_a_caller_can_leave_a_stream_that_hangs(loop: str) -> None:
    with threaded_server(loop, faulty("stream", "hang-headers", "hang-during")) as served:
        for _ in range(2):
            connection = served.connect(STREAM)
            assert connection.read_head().startswith(b"HTTP/1.1 200 OK")
            served.wait_until_clock_is_awaited()
            served.advance(1e6)
            connection.close()
            served.wait_until_idle()


# The status stream


@on_both
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_status_stream_ends_while_the_job_is_in_progress(loop: str, how: str) -> None:
    steps = [{"IN_QUEUE": {"for": 1}}, {"IN_PROGRESS": {"for": 100}}]
    fault = {"cut": {"after": 2, "how": how}}
    with threaded_server(loop, faulty("status_stream", fault, timeline=steps)) as served:
        path = f"/fal-ai/any-llm/requests/{served.submit()}/status/stream".encode()
        connection = served.connect(http(method=b"GET", path=path, host=QUEUE, body=b""))
        connection.read_head()
        served.wait_until_clock_is_awaited()
        served.advance(1)
        received, end = connection.read_rest()
        (one, two) = split_chunks(received)
        assert (b'"IN_QUEUE"' in one, b'"IN_PROGRESS"' in two) == (True, True)
        assert end == ("reset" if how == "reset" else "closed")


@on_both
def test_a_status_stream_can_be_rejected_or_lack_fields(loop: str) -> None:
    fault = {"drop": ["logs"], "set": {"status": "PAUSED"}}
    with threaded_server(loop, faulty("status_stream", "403", fault, timeline=[])) as served:
        path = f"/fal-ai/any-llm/requests/{served.submit()}/status/stream".encode()
        status_request = http(method=b"GET", path=path, host=QUEUE, body=b"")
        assert served.request(status_request)[0].startswith(b"HTTP/1.1 403 Forbidden")
        (only, last) = split_chunks(served.request(status_request)[1])
        assert only.startswith(b'data: {"status":"PAUSED"')
        assert b"logs" not in only
        assert last == b""


@on_both
@pytest.mark.parametrize(
    ("stream", "expected", "end"),
    [
        ({"slice": 7}, b"".join(WHOLE), "closed"),
        ({"cut": 2}, b"".join(WHOLE[:2]), "closed"),
        ({"cut": {"after": 1, "how": "reset"}}, WHOLE[0], "reset"),
        ({"cut": {"after": 1, "how": "garbage"}}, WHOLE[0] + GARBAGE, "closed"),
    ],
)
def test_for_http_1_0_a_stream_ends_with_its_connection(
    loop: str, stream: dict[str, Any], expected: bytes, end: str
) -> None:
    with threaded_server(loop, streamed(stream)) as served:
        old = http(path=b"/fal-ai/any-llm/stream", version=b"HTTP/1.0")
        head, body, how = served.request(old)
        assert head.startswith(b"HTTP/1.0 200 OK\r\n")
        assert b"chunked" not in head
        assert (body, how) == (expected, end)
