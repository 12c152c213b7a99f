"""Small valid PNG and JPEG images of any size and colour, generated without libraries."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache

Colour = tuple[int, int, int]

BLACK: Colour = (0, 0, 0)
MAX_SIDE = 4096
_TILE = 64


@lru_cache(maxsize=64)
def png(width: int, height: int, colour: Colour) -> bytes:
    """A chequered PNG: tiles of the colour and of a lighter shade, one bit per pixel.

    Black is black all over.
    """
    lighter = colour
    if colour != BLACK:
        red, green, blue = (channel + (255 - channel) // 4 for channel in colour)
        lighter = (red, green, blue)
    rows = []
    for first in (0x00, 0xFF):
        tile = bytes([first]) * (_TILE // 8) + bytes([first ^ 0xFF]) * (_TILE // 8)
        row = (tile * (width // (2 * _TILE) + 1))[: (width + 7) // 8]
        rows.append(b"\x00" + row)
    bands = [(rows[top // _TILE % 2], min(_TILE, height - top)) for top in range(0, height, _TILE)]
    head = struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", head),
            png_chunk(b"PLTE", bytes(colour) + bytes(lighter)),
            png_chunk(b"IDAT", compress_rows(bands)),
            png_chunk(b"IEND", b""),
        )
    )


def compress_rows(bands: Sequence[tuple[bytes, int]]) -> bytes:
    """Rows, each with the number of its repetitions, as zlib data (RFC 1950, RFC 1951).

    Not made by the zlib module: the bytes that it returns depend on the library that it was built
    with (zlib, zlib-ng), and images must be the same on every machine. A row is written as
    literals; its repetitions are copies of 258 bytes, the longest that deflate has.
    """
    bits = ["110"]  # BFINAL 1, BTYPE 01 (fixed codes), least significant bit first
    check = 1
    for row, times in bands:
        raw = row * times
        check = zlib.adler32(raw, check)
        copies, remainder = divmod(len(raw) - len(row), _LONGEST_COPY)
        bits += [_LITERALS[byte] for byte in row]
        if len(row) < _SHORTEST_ROW:
            copies, remainder = 0, len(raw) - len(row)
        elif copies:
            bits += [f"11000101{_distance(len(row))}"] * copies
        bits += [_LITERALS[byte] for byte in raw[len(raw) - remainder :]] if remainder else []
    text = "".join(bits) + "0000000"
    text += "0" * (-len(text) % 8)
    data = int(text[::-1], 2).to_bytes(len(text) // 8, "little")
    return b"\x78\x01" + data + struct.pack(">I", check)


_LONGEST_COPY = 258
_SHORTEST_ROW = 5
"""Shorter rows are repeated as literals: distances below 5 have codes without extra bits."""

_LITERALS = [
    format(0x30 + byte, "08b") if byte < 144 else format(0x190 + byte - 144, "09b")
    for byte in range(256)
]


def _distance(length: int) -> str:
    """The distance of a copy: its code and extra bits (RFC 1951, section 3.2.5)."""
    size = (length - 1).bit_length() - 1
    code = 2 * size + ((length - 1) >> (size - 1) & 1)
    extra = (length - 1) & ((1 << (size - 1)) - 1)
    return format(code, "05b") + format(extra, f"0{size - 1}b")[::-1]


def png_chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG, with its length and CRC."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def yuv(colour: Colour) -> tuple[int, int, int]:
    """A colour as luma and two chroma values of full range, as JFIF defines them."""
    red, green, blue = colour
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    components = (luma, 128 + 0.564 * (blue - luma), 128 + 0.713 * (red - luma))
    return (
        min(255, max(0, round(components[0]))),
        min(255, max(0, round(components[1]))),
        min(255, max(0, round(components[2]))),
    )


_QUANTUM = 8
"""Every entry of the quantisation table: one step of the DC term is one step of the sample."""


@lru_cache(maxsize=64)
def jpeg(width: int, height: int, colour: Colour) -> bytes:
    """A JPEG of one colour: baseline, three components, blocks of 8 by 8 (ITU-T T.81).

    After the first block every difference is zero, so that a block is six bits: category 0 and
    "end of block" for each component. The Huffman tables have only the codes that are used here.
    """
    bits = "".join(_first_block(value - 128) for value in yuv(colour))
    blocks = ((width + 7) // 8) * ((height + 7) // 8)
    bits += ("0" + "0") * 3 * (blocks - 1)
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    # Codes by length: DC has "0", seven of four bits and one of five (no code may be all ones,
    # T.81 annex C); AC has "0" for "end of block" and no other.
    dc = bytes([1, 0, 0, 7, 1, *[0] * 11, *range(9)])
    ac = bytes([1, *[0] * 15, 0])
    frame = struct.pack(">BHHB", 8, height, width, 3)
    frame += b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    return b"".join(
        (
            b"\xff\xd8",
            jpeg_segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
            jpeg_segment(0xDB, b"\x00" + bytes([_QUANTUM]) * 64),
            jpeg_segment(0xC0, frame),
            jpeg_segment(0xC4, b"\x00" + dc + b"\x10" + ac),
            jpeg_segment(0xDA, b"\x03\x01\x00\x02\x00\x03\x00\x00\x3f\x00"),
            scan,
            b"\xff\xd9",
        )
    )


def _first_block(level: int) -> str:
    """The bits of a block with this DC difference and no AC terms."""
    size = abs(level).bit_length()
    if size == 0:
        return "00"
    code = "11110" if size == 8 else format(0b1000 + size - 1, "04b")
    value = level if level > 0 else level + (1 << size) - 1
    return f"{code}{value:0{size}b}0"


def jpeg_segment(marker: int, data: bytes) -> bytes:
    """A segment of a JPEG, with its marker and length."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data
