"""PNG and JPEG made from nothing, opened by Pillow."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from fakefal.scenario.pictures import jpeg, png

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


def test_they_are_small_and_always_the_same() -> None:
    assert len(png(1024, 1024, (1, 2, 3))) < 2_000
    assert len(jpeg(1024, 1024, (1, 2, 3))) < 20_000
    png.cache_clear()
    assert png(64, 64, (1, 2, 3)) == png(64, 64, (1, 2, 3))
