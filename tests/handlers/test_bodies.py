from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.handlers.bodies import MAX_VALUES, read_body
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import ApiError
from tests.scenario.strategies import JSON


@given(JSON)
def test_json_is_decoded(value: object) -> None:
    assert read_body(json.dumps(value).encode()) == (value, ())


def test_an_empty_body_is_none_without_an_error() -> None:
    assert read_body(b"") == (None, ())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_json_in_another_encoding_is_read_as_python_does(encoding: str) -> None:
    assert read_body('{"a":"é😀"}'.encode(encoding)) == ({"a": "é😀"}, ())


@pytest.mark.parametrize(
    ("body", "offset", "reason"),
    [
        (b'{"a":', 5, "Expecting value"),
        (b'{"a" 1}', 5, "Expecting ':' delimiter"),
        (b"\xff\xfe\x00", 2, "expected value"),
        (b'{"a":"\xc3"}', 6, "invalid unicode code point at line 1 column 8"),
        (b'{"a":NaN}', 0, "expected value at line 1 column 6"),
        (b'{"a":-1e999}', 0, "number out of range"),
    ],
)
def test_an_error_has_the_offset_and_message_of_pythons_parser(
    body: bytes, offset: int, reason: str
) -> None:
    value, (flaw,) = read_body(body)
    assert value is None
    assert flaw["loc"] == ["body", offset]
    assert flaw["ctx"]["error"].startswith(reason[:10])


@given(st.binary())
def test_any_bytes_are_a_value_or_one_error(body: bytes) -> None:
    value, validation_errors = read_body(body)
    assert len(validation_errors) <= 1
    assert not (validation_errors and value is not None)
    encode([value, *validation_errors])


def test_a_body_of_too_many_values_is_refused_before_it_is_parsed() -> None:
    many = b"[" + b"0," * MAX_VALUES + b"0]"
    with pytest.raises(ApiError) as caught:
        read_body(many)
    assert caught.value.status == 413
    long_text = b'{"image": "' + b"A" * 3_000_000 + b'"}'
    assert read_body(long_text)[1] == ()
