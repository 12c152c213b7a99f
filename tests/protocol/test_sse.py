"""Server-sent events: encoded events decode to the same in any chunks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.sse import (
    CONTENT_TYPE,
    DATA_LF,
    NAMED_CRLF,
    Decoder,
    Framing,
    ServerSentEvent,
)

FRAMINGS = [NAMED_CRLF, DATA_LF, Framing("\r"), Framing("\r\n"), Framing("\n", "event")]
DATA = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=30)


def decoded(data: bytes, offsets: list[int]) -> list[ServerSentEvent]:
    """The events decoded from bytes that are split at these offsets."""
    edges = sorted({0, len(data), *(offset % (len(data) + 1) for offset in offsets)})
    decoder = Decoder()
    return [event for start, end in pairwise(edges) for event in decoder.feed(data[start:end])]


def test_any_llm_names_its_events_and_ends_lines_in_crlf() -> None:
    assert NAMED_CRLF.encode('{"output":"Ship"}') == (
        b'event: event\r\ndata: {"output":"Ship"}\r\n\r\n'
    )


def test_other_streams_write_data_only_and_lf() -> None:
    assert DATA_LF.encode("{}") == b"data: {}\n\n"


def test_data_with_line_breaks_becomes_several_lines() -> None:
    assert DATA_LF.encode("a\nb\r\nc\rd") == b"data: a\ndata: b\ndata: c\ndata: d\n\n"


@pytest.mark.parametrize(
    ("framing", "comment"), [(DATA_LF, b": ping\n\n"), (NAMED_CRLF, b": ping\r\n\r\n")]
)
def test_a_comment_keeps_the_framing(framing: Framing, comment: bytes) -> None:
    assert framing.comment("ping") == comment


def test_the_content_type_is_that_of_event_streams() -> None:
    assert CONTENT_TYPE.startswith("text/event-stream")


@given(st.sampled_from(FRAMINGS), st.lists(DATA, max_size=5), st.lists(st.integers(0, 10_000)))
def test_events_decode_to_what_was_encoded_in_any_chunks(
    framing: Framing, texts: list[str], offsets: list[int]
) -> None:
    data = b"".join(framing.encode(text) for text in texts)
    assert decoded(data, offsets) == [ServerSentEvent(text, framing.name) for text in texts]


@given(st.sampled_from(FRAMINGS), st.lists(DATA, max_size=3))
def test_events_decode_byte_by_byte(framing: Framing, texts: list[str]) -> None:
    data = b"".join(framing.encode(text) + framing.comment("ping") for text in texts)
    assert decoded(data, list(range(len(data)))) == [
        ServerSentEvent(text, framing.name) for text in texts
    ]


@given(st.binary(max_size=60), st.lists(st.integers(0, 10_000), max_size=5))
def test_any_bytes_read_the_same_in_any_chunks(data: bytes, offsets: list[int]) -> None:
    assert decoded(data, offsets) == Decoder().feed(data)


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b": ping\n\ndata: x\n\n", [ServerSentEvent("x")]),
        (b"id: 1\nretry: 5\ndata: x\n\n", [ServerSentEvent("x")]),
        (b"data:x\n\n", [ServerSentEvent("x")]),
        (b"data:  x\n\n", [ServerSentEvent(" x")]),
        (b"data\n\n", [ServerSentEvent("")]),
        (b"event: a\n\ndata: x\n\n", [ServerSentEvent("x")]),
        (b"data: x\n", []),
        (b"data: x", []),
        (b"\n\n\n", []),
        (b"event: a\nevent: b\ndata: x\n\n", [ServerSentEvent("x", "b")]),
        (b"\xef\xbb\xbfdata: x\n\n", [ServerSentEvent("x")]),
    ],
)
def test_lines_are_read_as_the_html_standard_says(
    data: bytes, events: list[ServerSentEvent]
) -> None:
    assert Decoder().feed(data) == events
