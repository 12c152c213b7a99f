"""Width and height from the first bytes, as Pillow writes them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fakefal.scenario.media.image_size import dimensions_of


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "exif": b"Exif\x00\x00MM"}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\x00\x00MM"}),
    ],
)
def test_the_size_of_an_image_is_read(form: str, options: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (321, 123)).save(buffer, form, **options)
    assert dimensions_of(buffer.getvalue()) == (321, 123)


@given(st.binary(max_size=60), st.sampled_from([b"", b"\xff\xd8", b"GIF89a", b"\x89PNG\r\n\x1a\n"]))
def test_no_bytes_raise(data: bytes, head: bytes) -> None:
    dimensions_of(head + data)
    dimensions_of(b"RIFF\x00\x00\x00\x00WEBP" + data)


def test_other_files_have_no_size() -> None:
    assert dimensions_of(b"hello") is None
    assert dimensions_of(b"\xff\xd8\xff\xd9") is None
