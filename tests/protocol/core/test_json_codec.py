"""JSON and timestamps in fal's formats."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.json_codec import decode, encode, encode_ascii, iso

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=12,
)


def test_json_is_compact_and_keeps_the_order_of_keys() -> None:
    assert encode({"b": [1, None], "a": "é"}) == '{"b":[1,null],"a":"é"}'.encode()


def test_json_of_event_streams_is_ascii() -> None:
    assert encode_ascii({"output": "é😀"}) == r'{"output":"\u00e9\ud83d\ude00"}'


@pytest.mark.parametrize("data", [b"", b"{", b"nope", b"NaN", b"[Infinity]", b"{'a':1}", b"\xff"])
def test_what_is_not_json_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(data)


@given(JSON)
def test_what_was_encoded_decodes_to_the_same(value: Any) -> None:
    assert decode(encode(value)) == value
    assert decode(encode_ascii(value).encode("ascii")) == value
    assert json.loads(encode(value)) == value


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1767225600, "2026-01-01T00:00:00.000000Z"),
        (1767225600.1234567, "2026-01-01T00:00:00.123457Z"),
        (-1, "1969-12-31T23:59:59.000000Z"),
        (1e30, "9999-12-31T23:59:59.999999Z"),
        (-1e30, "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_an_instant_reads_as_utc_with_microseconds(instant: float, text: str) -> None:
    assert iso(instant) == text


@given(st.floats(0, 4e9), st.floats(0, 4e9))
def test_later_instants_sort_later_as_text(one: float, other: float) -> None:
    earlier, later = sorted((one, other))
    assert iso(earlier) <= iso(later)


@pytest.mark.parametrize(
    "text", ["1e400", "-1e400", "[1e999]", '{"a":{"b":[0,1e400]}}', "[-Infinity]"]
)
def test_what_is_no_finite_number_is_not_json(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        decode(text.encode())


@pytest.mark.parametrize("text", ["1e308", '[1,2.5,{"a":-1e300}]', "1e-400", "9" * 4000])
def test_a_finite_number_is(text: str) -> None:
    assert decode(text.encode()) == json.loads(text)


def test_a_lone_surrogate_is_escaped() -> None:
    assert encode({"a": "\ud800é"}) == rb'{"a":"\ud800\u00e9"}'
