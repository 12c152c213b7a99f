"""What a trouble makes of an answer, before it is sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.handlers.fault_response import (
    apply_fault,
    apply_fault_to_stream,
    split_bytes,
    split_events,
)
from fakefal.handlers.http import BufferedResponse, EventStreamResponse
from fakefal.protocol import sse
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.errors.fault import Fault

OUTPUT = BufferedResponse(
    200, b'{"a":1,"b":[2]}', (("X-A", "b"),), request_id="id-1", billable_units=3
)


async def chunked(data: Iterable[bytes]) -> AsyncGenerator[bytes, None]:
    for piece in data:
        yield piece


async def collected(chunks: AsyncGenerator[bytes, None]) -> list[bytes]:
    return [chunk async for chunk in chunks]


@pytest.mark.parametrize(
    ("trouble", "payload"),
    [
        (Fault("x"), b'{"a":1,"b":[2]}'),
        (Fault("x", removed_fields=("a", "c")), b'{"b":[2]}'),
        (Fault("x", changed_fields={"a": None, "c": 3}), b'{"a":null,"b":[2],"c":3}'),
        (Fault("x", removed_fields=("a",), changed_fields={"a": 5}), b'{"b":[2],"a":5}'),
        (Fault("x", body=b"<html>"), b"<html>"),
        (Fault("x", body=b""), b""),
        (Fault("x", body_share=0.5), b'{"a":1,'),
        (Fault("x", body_share=0.0), b""),
        (Fault("x", body_share=1.0), b'{"a":1,"b":[2]}'),
        (Fault("x", body_share=0.5, changed_fields={"a": 2}), b'{"a":2,'),
    ],
)
def test_a_body_is_edited_replaced_and_cut_in_this_order(trouble: Fault, payload: bytes) -> None:
    found = apply_fault(OUTPUT, trouble)
    assert found.payload == payload
    assert (found.status, found.request_id, found.billable_units) == (200, "id-1", 3)
    assert found.fault is None


@pytest.mark.parametrize("payload", [b"", b"[1]", b'"x"', b"{", b"\xff", b"null"])
def test_what_is_no_object_has_no_fields_to_drop(payload: bytes) -> None:
    trouble = Fault("x", removed_fields=("a",), changed_fields={"a": 1})
    assert apply_fault(BufferedResponse(200, payload), trouble).payload == payload


def test_headers_are_added_and_status_and_type_are_replaced() -> None:
    trouble = Fault("x", status=201, content_type="text/plain", headers=(("X-B", "c"),))
    found = apply_fault(OUTPUT, trouble)
    assert (found.status, found.content_type) == (201, "text/plain")
    assert found.headers == (("X-A", "b"), ("X-B", "c"))


@pytest.mark.parametrize(
    ("name", "request_id"), [("runner_disconnected", "id-1"), ("nginx_502", "")]
)
def test_a_refusal_takes_the_place_of_the_answer(name: str, request_id: str) -> None:
    outcome = outcome_of(CATALOG[name])
    found = apply_fault(OUTPUT, Fault("x", outcome=outcome, headers=(("X-B", "c"),)))
    assert (found.status, found.payload) == (outcome.status, outcome.payload)
    assert found.content_type == outcome.content_type
    assert found.headers == (*outcome.headers, ("X-B", "c"))
    assert (found.request_id, found.billable_units) == (request_id, None)


def test_a_refusal_can_be_edited_as_well() -> None:
    trouble = Fault("x", outcome=outcome_of(CATALOG["bad_key"]), changed_fields={"detail": "mine"})
    assert apply_fault(OUTPUT, trouble).payload == b'{"detail":"mine"}'


@pytest.mark.parametrize("framing", [sse.NAMED_CRLF, sse.DATA_LF, sse.DATA_CRLF])
@given(data=st.data())
async def test_events_come_one_by_one_however_they_were_joined(
    framing: sse.Framing, data: Any
) -> None:
    events = [framing.encode(f'{{"n":{n},"t":"é"}}') for n in range(4)]
    events.insert(2, framing.comment("ping"))
    whole = b"".join(events)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert await collected(split_events(chunked(parts))) == events


async def test_what_is_left_without_a_blank_line_comes_last() -> None:
    parts = [b"data: 1\n\ndata: 2"]
    assert await collected(split_events(chunked(parts))) == [b"data: 1\n\n", b"data: 2"]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (b'data: {"a":1,"b":2}\n\n', b'data: {"b":"\\u00e9"}\n\n'),
        (
            b'event: event\r\ndata: {"a":1}\r\n\r\n',
            b'event: event\r\ndata: {"b":"\\u00e9"}\r\n\r\n',
        ),
        (b": ping\n\n", b": ping\n\n"),
        (b"data: [DONE]\n\n", b"data: [DONE]\n\n"),
        (b"data: [1]\n\n", b"data: [1]\n\n"),
    ],
)
async def test_the_object_in_an_event_is_edited(event: bytes, expected: bytes) -> None:
    trouble = Fault("x", removed_fields=("a",), changed_fields={"b": "é"}, headers=(("X-B", "c"),))
    answer = EventStreamResponse(
        chunked([event]), "text/event-stream", (("X-A", "b"),), "id-1", trouble
    )
    found = apply_fault_to_stream(answer, trouble)
    assert await collected(found.chunks) == [expected]
    assert found.headers == (("X-A", "b"), ("X-B", "c"))
    assert (found.content_type, found.request_id) == ("text/event-stream", "id-1")
    assert found.fault is None


async def test_a_stream_that_is_left_is_closed_to_its_source() -> None:
    closed = []

    async def source() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"data: 1\n\n"
        finally:
            closed.append(True)

    found = apply_fault_to_stream(EventStreamResponse(source(), "text/event-stream"), Fault("x"))
    assert await anext(found.chunks) == b"data: 1\n\n"
    await found.chunks.aclose()
    assert closed == [True]


@given(st.binary(), st.integers(1, 9))
def test_pieces_joined_are_the_whole(data: bytes, size: int) -> None:
    found = split_bytes(data, size)
    assert b"".join(found) == data
    assert all(len(piece) == size for piece in found[:-1])
