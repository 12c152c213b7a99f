"""A response with a fault applied, before it is sent."""

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
    ("fault", "payload"),
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
def test_a_body_is_edited_replaced_and_cut_in_this_order(fault: Fault, payload: bytes) -> None:
    response = apply_fault(OUTPUT, fault)
    assert response.payload == payload
    assert (response.status, response.request_id, response.billable_units) == (200, "id-1", 3)
    assert response.fault is None


@pytest.mark.parametrize("payload", [b"", b"[1]", b'"x"', b"{", b"\xff", b"null"])
def test_only_objects_have_fields_to_remove(payload: bytes) -> None:
    fault = Fault("x", removed_fields=("a",), changed_fields={"a": 1})
    assert apply_fault(BufferedResponse(200, payload), fault).payload == payload


def test_headers_are_added_and_status_and_type_are_replaced() -> None:
    fault = Fault("x", status=201, content_type="text/plain", headers=(("X-B", "c"),))
    response = apply_fault(OUTPUT, fault)
    assert (response.status, response.content_type) == (201, "text/plain")
    assert response.headers == (("X-A", "b"), ("X-B", "c"))


@pytest.mark.parametrize(
    ("name", "request_id"), [("runner_disconnected", "id-1"), ("nginx_502", "")]
)
def test_an_error_outcome_replaces_the_response(name: str, request_id: str) -> None:
    outcome = outcome_of(CATALOG[name])
    response = apply_fault(OUTPUT, Fault("x", outcome=outcome, headers=(("X-B", "c"),)))
    assert (response.status, response.payload) == (outcome.status, outcome.payload)
    assert response.content_type == outcome.content_type
    assert response.headers == (*outcome.headers, ("X-B", "c"))
    assert (response.request_id, response.billable_units) == (request_id, None)


def test_an_error_outcome_can_be_edited_as_well() -> None:
    fault = Fault("x", outcome=outcome_of(CATALOG["bad_key"]), changed_fields={"detail": "mine"})
    assert apply_fault(OUTPUT, fault).payload == b'{"detail":"mine"}'


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


async def test_bytes_without_a_final_blank_line_come_last() -> None:
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
    fault = Fault("x", removed_fields=("a",), changed_fields={"b": "é"}, headers=(("X-B", "c"),))
    answer = EventStreamResponse(
        chunked([event]), "text/event-stream", (("X-A", "b"),), "id-1", fault
    )
    response = apply_fault_to_stream(answer, fault)
    assert await collected(response.chunks) == [expected]
    assert response.headers == (("X-A", "b"), ("X-B", "c"))
    assert (response.content_type, response.request_id) == ("text/event-stream", "id-1")
    assert response.fault is None


async def test_closing_a_stream_closes_its_source() -> None:
    closed = []

    async def source() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"data: 1\n\n"
        finally:
            closed.append(True)

    response = apply_fault_to_stream(EventStreamResponse(source(), "text/event-stream"), Fault("x"))
    assert await anext(response.chunks) == b"data: 1\n\n"
    await response.chunks.aclose()
    assert closed == [True]


@given(st.binary(), st.integers(1, 9))
def test_joined_parts_are_the_original_bytes(data: bytes, size: int) -> None:
    parts = split_bytes(data, size)
    assert b"".join(parts) == data
    assert all(len(piece) == size for piece in parts[:-1])
