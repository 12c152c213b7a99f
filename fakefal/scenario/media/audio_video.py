"""Small valid recordings and solids: WAV, MP4 and GLB, made from nothing."""

from __future__ import annotations

import struct
from functools import lru_cache

from fakefal.protocol.core.json_codec import encode
from fakefal.scenario.media.h264 import FRAMES, Film, film
from fakefal.scenario.media.images import Colour

CLIP_SIDE = 128
CLIP_SECONDS = 1.0
TONE_SECONDS = 1.0

_RATE = 8_000
_TIMESCALE = 8_000
_MATRIX = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@lru_cache(maxsize=16)
def wav(pitch: int) -> bytes:
    """A second of a triangle tone, mono, 16 bits; ``pitch`` in hertz."""
    period = max(2, _RATE // pitch)
    half = period // 2
    ramp = [8_000 * (2 * step - half) // half for step in range(half + 1)]
    wave = (ramp + ramp[-2:0:-1])[:period]
    count = int(_RATE * TONE_SECONDS)
    samples = (wave * (count // len(wave) + 1))[:count]
    data = struct.pack(f"<{count}h", *samples)
    form = struct.pack("<HHIIHH", 1, 1, _RATE, 2 * _RATE, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


@lru_cache(maxsize=16)
def mp4(colour: Colour) -> bytes:
    """A second of a still picture: H.264 in an MP4 that plays while it loads."""
    shot = film(CLIP_SIDE, colour)
    head = box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2avc1mp41")
    size = len(_movie(shot, 0))
    return head + _movie(shot, len(head) + size + 8) + box(b"mdat", b"".join(shot.samples))


def _movie(shot: Film, offset: int) -> bytes:
    duration = int(CLIP_SECONDS * _TIMESCALE)
    movie = struct.pack(">IIII", 0, 0, _TIMESCALE, duration)
    movie += struct.pack(">IHHQ", 0x10000, 0x0100, 0, 0) + _MATRIX + bytes(24)
    movie += struct.pack(">I", 2)
    track = (
        struct.pack(">IIIII", 0, 0, 1, 0, duration) + bytes(8) + struct.pack(">hhhh", 0, 0, 0, 0)
    )
    track += _MATRIX + struct.pack(">II", CLIP_SIDE << 16, CLIP_SIDE << 16)
    media = struct.pack(">IIIIHH", 0, 0, _TIMESCALE, duration, 0x55C4, 0)
    handler = bytes(4) + b"vide" + bytes(12) + b"video\x00"
    reference = box(b"dref", struct.pack(">I", 1) + _full(b"url ", b"", flags=1), full=True)
    information = box(
        b"minf",
        _full(b"vmhd", bytes(8), flags=1) + box(b"dinf", reference) + _samples(shot, offset),
    )
    return box(
        b"moov",
        _full(b"mvhd", movie)
        + box(
            b"trak",
            _full(b"tkhd", track, flags=3)
            + box(b"mdia", _full(b"mdhd", media) + _full(b"hdlr", handler) + information),
        ),
    )


def _samples(shot: Film, offset: int) -> bytes:
    """The table of samples: what they are, how long, how large, and where they begin."""
    config = bytes([1, *shot.profile, 0xFF, 0xE1]) + struct.pack(">H", len(shot.sequence))
    config += shot.sequence + b"\x01" + struct.pack(">H", len(shot.picture)) + shot.picture
    entry = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", CLIP_SIDE, CLIP_SIDE)
    entry += struct.pack(">IIIH", 0x480000, 0x480000, 0, 1) + bytes(32)
    entry += struct.pack(">Hh", 24, -1) + box(b"avcC", config)
    sizes = [len(sample) for sample in shot.samples]
    tables = (
        _full(b"stsd", struct.pack(">I", 1) + box(b"avc1", entry)),
        _full(b"stts", struct.pack(">III", 1, FRAMES, int(_TIMESCALE * CLIP_SECONDS) // FRAMES)),
        _full(b"stss", struct.pack(">II", 1, 1)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, FRAMES, 1)),
        _full(b"stsz", struct.pack(f">II{FRAMES}I", 0, FRAMES, *sizes)),
        _full(b"stco", struct.pack(">II", 1, offset)),
    )
    return box(b"stbl", b"".join(tables))


def box(name: bytes, data: bytes, *, full: bool = False) -> bytes:
    """A piece of an MP4, with its length; a ``full`` one has version and flags 0."""
    if full:
        data = bytes(4) + data
    return struct.pack(">I", len(data) + 8) + name + data


def _full(name: bytes, data: bytes, *, flags: int = 0) -> bytes:
    return box(name, struct.pack(">I", flags) + data)


_CORNERS = ((0.0, 1.0, 0.0), (-1.0, -1.0, 1.0), (1.0, -1.0, 1.0), (0.0, -1.0, -1.0))
_SIDES = (0, 1, 2, 0, 2, 3, 0, 3, 1, 1, 3, 2)


@lru_cache(maxsize=16)
def glb(colour: Colour) -> bytes:
    """A pyramid of one colour, as binary glTF 2.0."""
    corners = struct.pack("<12f", *(value for corner in _CORNERS for value in corner))
    sides = struct.pack("<12H", *_SIDES)
    scene = {
        "asset": {"version": "2.0", "generator": "fakefal"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [
            {
                "pbrMetallicRoughness": {
                    "baseColorFactor": [*(round(channel / 255, 3) for channel in colour), 1.0]
                },
                "doubleSided": True,
            }
        ],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": 5126,
                "count": 4,
                "type": "VEC3",
                "min": [-1.0, -1.0, -1.0],
                "max": [1.0, 1.0, 1.0],
            },
            {"bufferView": 1, "componentType": 5123, "count": 12, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": len(corners), "target": 34962},
            {"buffer": 0, "byteOffset": len(corners), "byteLength": len(sides), "target": 34963},
        ],
        "buffers": [{"byteLength": len(corners) + len(sides)}],
    }
    text = encode(scene)
    text += b" " * (-len(text) % 4)
    data = corners + sides
    chunks = struct.pack("<I", len(text)) + b"JSON" + text
    chunks += struct.pack("<I", len(data)) + b"BIN\x00" + data
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks
