"""Streams that break off, fall silent, or come in pieces, on both event loops."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.sse import Decoder, Event
from fakefal.server.http.fault_writer import GARBAGE
from tests.building import exchange
from tests.server.raw import http
from tests.server.troubling import (
    LOOPS,
    QUEUE,
    ServerUnderTest,
    faulty,
    split_chunks,
    threaded_server,
)

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


def told(served: ServerUnderTest) -> tuple[bytes, list[bytes], str]:
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
def test_a_stream_breaks_off_after_so_many_events(
    loop: str, stream: dict[str, Any], pieces: list[bytes], end: str
) -> None:
    with threaded_server(loop, streamed(stream)) as served:
        head, heard, ended = told(served)
        assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream")
        assert b"Transfer-Encoding: chunked" in head.split(b"\r\n")
        assert (heard, ended) == (pieces, end)


@on_both
@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_sliced_stream_is_cut_through_line_ends_and_is_the_same(loop: str, size: int) -> None:
    with threaded_server(loop, streamed({"slice": size})) as served:
        _, heard, end = told(served)
        assert (b"".join(heard), end) == (b"".join(WHOLE), "closed")
        assert heard[-1] == b""
        assert {len(piece) for piece in heard[:-1]} <= set(range(1, size + 1))
        decoder = Decoder()
        events: list[Event] = []
        for piece in heard:
            events += decoder.feed(piece)
        assert len(events) == 4
        if size == 1:
            assert b"\r" in heard
            assert b"\n" in heard


@on_both
def test_a_silence_in_a_stream_ends_in_a_close_or_lasts(loop: str) -> None:
    stream = {"cut": {"after": 1, "how": "stall", "for": "20s"}}
    with threaded_server(loop, streamed(stream)) as served:
        talk = served.connect(STREAM)
        talk.read_head()
        framed = b"%x\r\n%s\r\n" % (len(WHOLE[0]), WHOLE[0])
        assert talk.read(len(framed)) == framed
        served.wait_until_clock_is_awaited()
        served.advance(19)
        assert talk.is_silent()
        served.advance(1)
        assert talk.read_rest() == (b"", "closed")


@on_both
def test_a_stall_lasts_its_time_and_then_the_stream_goes_on(loop: str) -> None:
    with threaded_server(loop, streamed({"stall": "20s"})) as served:
        talk = served.connect(STREAM)
        talk.read_head()
        framed = b"%x\r\n%s\r\n" % (len(WHOLE[0]), WHOLE[0])
        assert talk.read(len(framed)) == framed
        served.wait_until_clock_is_awaited()
        assert talk.is_silent()
        served.advance(20)
        rest, end = talk.read_rest()
        assert (b"".join(split_chunks(rest)), end) == (b"".join(WHOLE[1:]), "closed")


@on_both
def test_a_stream_may_end_without_its_last_event_or_with_an_error(loop: str) -> None:
    broken = {"cut": {"after": 1, "how": "error", "error": "gone"}}
    replies = [{"text": TEXT, "stream": it} for it in ({"final": False}, broken)]
    with threaded_server(loop, {"replies": replies}) as served:
        assert b"".join(told(served)[1]) == b"".join(WHOLE[:3])
        last = event("é", partial=False).replace(b'"error":null', b'"error":"gone"')
        assert b"".join(told(served)[1]) == WHOLE[0] + last


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
def test_the_faults_of_whole_answers_meet_streams_too(
    loop: str, fault: Any, body: list[bytes] | None, end: str
) -> None:
    with threaded_server(loop, faulty("stream", fault, text=TEXT)) as served:
        head, heard, ended = told(served)
        assert ended == end
        assert bool(head) is (body is not None)
        assert heard == (body or [])
        assert b"".join(told(served)[1]) == b"".join(WHOLE)


@on_both
def test_a_stream_that_is_refused_is_no_stream(loop: str) -> None:
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
        talk = served.connect(STREAM)
        served.wait_until_clock_is_awaited()
        assert talk.is_silent()
        served.advance(1)
        lines = talk.read_head().split(b"\r\n")
        assert {b"X-A: b", b"Content-Type: text/plain"} <= set(lines)
        heard, end = talk.read_rest()
        *events, last = split_chunks(heard)
        expected = b'event: event\r\ndata: {"output":"\\u00e9","partial":%s}\r\n\r\n'
        assert events == [expected % b"true"] * 2 + [expected % b"false"]
        assert (last, end) == (b"", "closed")


@on_both
def test_a_stream_that_hangs_is_left_by_its_caller(loop: str) -> None:
    with threaded_server(loop, faulty("stream", "hang-headers", "hang-during")) as served:
        for _ in range(2):
            talk = served.connect(STREAM)
            assert talk.read_head().startswith(b"HTTP/1.1 200 OK")
            served.wait_until_clock_is_awaited()
            served.advance(1e6)
            talk.close()
            served.wait_until_idle()


# The status as a stream


@on_both
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_status_stream_ends_while_the_job_is_in_progress(loop: str, how: str) -> None:
    steps = [{"IN_QUEUE": {"for": 1}}, {"IN_PROGRESS": {"for": 100}}]
    fault = {"cut": {"after": 2, "how": how}}
    with threaded_server(loop, faulty("status_stream", fault, timeline=steps)) as served:
        path = f"/fal-ai/any-llm/requests/{served.submit()}/status/stream".encode()
        talk = served.connect(http(method=b"GET", path=path, host=QUEUE, body=b""))
        talk.read_head()
        served.wait_until_clock_is_awaited()
        served.advance(1)
        heard, end = talk.read_rest()
        (one, two) = split_chunks(heard)
        assert (b'"IN_QUEUE"' in one, b'"IN_PROGRESS"' in two) == (True, True)
        assert end == ("reset" if how == "reset" else "closed")


@on_both
def test_a_status_stream_can_be_refused_or_lack_fields(loop: str) -> None:
    fault = {"drop": ["logs"], "set": {"status": "PAUSED"}}
    with threaded_server(loop, faulty("status_stream", "403", fault, timeline=[])) as served:
        path = f"/fal-ai/any-llm/requests/{served.submit()}/status/stream".encode()
        ask = http(method=b"GET", path=path, host=QUEUE, body=b"")
        assert served.request(ask)[0].startswith(b"HTTP/1.1 403 Forbidden")
        (only, last) = split_chunks(served.request(ask)[1])
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
def test_for_an_old_client_a_stream_ends_with_its_connection(
    loop: str, stream: dict[str, Any], expected: bytes, end: str
) -> None:
    with threaded_server(loop, streamed(stream)) as served:
        old = http(path=b"/fal-ai/any-llm/stream", version=b"HTTP/1.0")
        head, body, how = served.request(old)
        assert head.startswith(b"HTTP/1.0 200 OK\r\n")
        assert b"chunked" not in head
        assert (body, how) == (expected, end)
