"""Generated images carry the id of their request, and show the same picture."""

from __future__ import annotations

import io

from PIL import Image

from fakefal.scenario.media.images import jpeg, png
from fakefal.scenario.media.metadata import with_comment

ID = "019f3d10-8a6b-7c3e-9d55-0a1b2c3d4e5f"
COLOUR = (200, 30, 60)


def test_a_png_has_the_request_id_as_text() -> None:
    original = png(70, 30, COLOUR)
    picture = Image.open(io.BytesIO(with_comment("image/png", original, ID)))
    picture.load()
    assert getattr(picture, "text") == {"request_id": ID}  # noqa: B009 - only a PngImageFile has it
    assert picture.tobytes() == Image.open(io.BytesIO(original)).tobytes()


def test_a_jpeg_has_the_request_id_as_comment() -> None:
    original = jpeg(70, 30, COLOUR)
    picture = Image.open(io.BytesIO(with_comment("image/jpeg", original, ID)))
    assert picture.info["comment"] == ID.encode()
    assert picture.info["jfif"]
    assert picture.tobytes() == Image.open(io.BytesIO(original)).tobytes()


def test_other_content_stays_as_it_is() -> None:
    assert with_comment("text/plain", b"hello", ID) == b"hello"
    assert with_comment("video/mp4", b"film", ID) == b"film"
