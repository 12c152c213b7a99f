"""Generated PNG and JPEG images, opened by Pillow."""

from __future__ import annotations

import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fakefal.scenario.media.images import compress_rows, jpeg, png

COLOURS = [(200, 30, 60), (0, 0, 0), (255, 255, 255), (12, 99, 250)]
SIZES = [(1, 1), (100, 33), (1024, 768)]


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("size", SIZES)
def test_a_png_opens_with_its_size_and_colour(
    size: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    image = opened(png(*size, colour))
    assert (image.format, image.size) == ("PNG", size)
    assert image.convert("RGB").getpixel((0, 0)) == colour


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("size", SIZES)
def test_a_jpeg_opens_with_its_size_and_nearly_its_colour(
    size: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    image = opened(jpeg(*size, colour))
    assert (image.format, image.size, image.mode) == ("JPEG", size, "RGB")
    pixel = image.getpixel((size[0] - 1, size[1] - 1))
    assert isinstance(pixel, tuple)
    assert max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) <= 3


def test_images_are_small_and_always_the_same() -> None:
    assert len(png(1024, 1024, (1, 2, 3))) < 6_000
    assert len(jpeg(1024, 1024, (1, 2, 3))) < 20_000
    png.cache_clear()
    assert png(64, 64, (1, 2, 3)) == png(64, 64, (1, 2, 3))


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=600), st.integers(1, 64)), max_size=4))
def test_zlib_decompresses_the_rows(bands: list[tuple[bytes, int]]) -> None:
    assert zlib.decompress(compress_rows(bands)) == b"".join(row * times for row, times in bands)


def test_a_png_is_the_same_on_every_machine() -> None:
    assert png(16, 16, (1, 2, 3)).hex() == (
        "89504e470d0a1a0a0000000d4948445200000010000000100103000000253d6d2200000006504c54"
        "45010203404142076445dc0000003849444154780163606060606060606060606060606060606060"
        "606060606060606060606060606060606060606060606060606060606000000030000146cb9c7400"
        "00000049454e44ae426082"
    )
