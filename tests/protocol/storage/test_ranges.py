"""``Range`` and ``If-None-Match``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.storage.ranges import ByteRange, RangeNotSatisfiable, etag_matches, read_range


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", None),
        ("bytes=-", None),
        ("bytes=5-3", None),
        ("bytes=0-1,2-3", None),
        ("items=0-1", None),
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=0-", ByteRange(0, 10)),
        ("bytes= 2 - 30 ", ByteRange(2, 10)),
        ("bytes=-3", ByteRange(7, 10)),
        ("bytes=-30", ByteRange(0, 10)),
    ],
)
def test_a_range_header_selects_bytes_or_the_whole_file(
    text: str | None, expected: ByteRange | None
) -> None:
    assert read_range(text, 10) == expected


@pytest.mark.parametrize(("text", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=-1", 0)])
def test_a_range_after_the_end_is_not_satisfiable(text: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable):
        read_range(text, size)


@given(st.text(max_size=40), st.integers(0, 1000))
def test_a_range_is_always_within_the_file(text: str, size: int) -> None:
    for header in (text, f"bytes={text}"):
        try:
            byte_range = read_range(header, size)
        except RangeNotSatisfiable:
            continue
        assert byte_range is None or 0 <= byte_range.start < byte_range.stop <= size


@pytest.mark.parametrize(
    ("header", "expected"),
    [(None, False), ("*", True), ('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("b", False)],
)
def test_an_etag_matches_a_header(header: str | None, expected: bool) -> None:
    assert etag_matches("a", header) is expected
