"""Names, URLs, bodies and errors of storage (docs/reference/storage.md)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.storage.storage import (
    PartTag,
    UploadRequest,
    content_type_or_default,
    display_name,
    file_id_in,
    file_object,
    iso_with_offset,
    read_fields,
    read_parts,
    read_seconds,
    read_upload_request,
    safe_name,
    token_body,
    v3_file_path,
    v3b_file_path,
)

ID = "A1b2C3d4E5f6G7h8I9j0K"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cat.png", "cat.png"),
        ("my file (1).txt", "my_file_1_.txt"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Windows\\win.ini", "win.ini"),
        ("..", "upload.bin"),
        ("", "upload.bin"),
        ("///", "upload.bin"),
        ("Kätzchen.png", "K_tzchen.png"),
        ("船.png", "_.png"),
        (".env", "env"),
        ("a\x00b\r\nc.txt", "a_b_c.txt"),
        ("n" * 4096, "n" * 100),
        ("n" * 4096 + ".jpeg", "n" * 95 + ".jpeg"),
        ("a." + "b" * 200, ("a." + "b" * 200)[:100]),
    ],
)
def test_a_name_is_made_safe_and_keeps_its_extension(name: str, expected: str) -> None:
    assert safe_name(name) == expected


@given(st.text())
def test_every_safe_name_is_one_segment(name: str) -> None:
    safe = safe_name(name)
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}", safe)
    assert safe_name(safe) == safe


@given(st.text(alphabet=st.characters(codec=None)) | st.none())
def test_a_name_that_is_shown_can_be_written_as_json(name: str | None) -> None:
    assert 0 < len(display_name(name).encode()) <= 4 * 255


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image/png", "image/png"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        (None, "application/octet-stream"),
        ("", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
        ("a/b\r\nX-Evil: 1", "application/octet-stream"),
    ],
)
def test_a_content_type_is_valid_in_a_header(text: str | None, expected: str) -> None:
    assert content_type_or_default(text) == expected


def test_paths_have_the_shapes_of_the_two_hosts() -> None:
    assert v3b_file_path(ID, "a b.png", 0xABC) == f"/files/b/00000abc/{ID}_a_b.png"
    assert v3_file_path(ID, "a.png", 2) == f"/files/koala/{ID}_a.png"
    assert file_id_in(f"{ID}_a.png") == ID
    assert file_id_in("short") is None
    assert file_id_in("../" * 7) is None


def test_an_upload_starts_with_name_and_type() -> None:
    body = b'{"file_name": "a.png", "content_type": "image/png", "more": 1}'
    assert read_upload_request(body) == UploadRequest("a.png", "image/png")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"file_name": null, "content_type": "a/b"}', b"\xff"]
)
def test_an_upload_without_them_is_a_422(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        read_upload_request(body)
    assert caught.value.status == 422


def test_parts_are_read_in_both_spellings() -> None:
    body = b'{"parts": [{"partNumber": 2, "etag": "\\"x\\""}, {"part_number": 1, "etag": "y"}]}'
    assert read_parts(body) == (PartTag(2, "x"), PartTag(1, "y"))


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"parts": 1}', b'{"parts": [{}]}', b'{"parts": [{"partNumber": true, "etag": ""}]}'],
)
def test_malformed_parts_are_a_422(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        read_parts(body)
    assert caught.value.status == 422


@pytest.mark.parametrize(("value", "expected"), [(None, 5.0), (7, 7.0), (0.5, 0.5), (10, 10.0)])
def test_seconds_have_a_default_and_a_bound(value: Any, expected: float) -> None:
    assert read_seconds({"x": value}, "x", 5.0, 10.0) == expected


@pytest.mark.parametrize("value", [0, -1, 11, "5", True, []])
def test_seconds_out_of_range_are_a_422(value: Any) -> None:
    with pytest.raises(ApiError):
        read_seconds({"x": value}, "x", 5.0, 10.0)


def test_an_empty_body_has_no_fields() -> None:
    assert read_fields(b" ") == {}
    assert read_fields(b'{"a": 1}') == {"a": 1}


def test_the_end_of_a_token_has_an_offset_and_no_z() -> None:
    body = token_body("t", "https://v3.fal.media", 1_767_225_600.5)
    assert body["expires_at"] == "2026-01-01T00:00:00.500000+00:00"
    assert iso_with_offset(1e300).startswith("9999-12-31")


def test_a_file_object_has_a_size_only_for_images() -> None:
    assert list(file_object("u", "a/b", "n", 1)) == [
        "url",
        "content_type",
        "file_name",
        "file_size",
    ]
    assert file_object("u", "a/b", "n", 1, 2, 3)["height"] == 3
