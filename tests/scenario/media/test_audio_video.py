"""WAV, MP4 and GLB made from nothing."""

from __future__ import annotations

import io
import json
import struct
import wave
from collections.abc import Iterator

import pytest

from fakefal.scenario.media.audio_video import CLIP_SIDE, glb, mp4, wav
from fakefal.scenario.media.h264 import FRAMES


def boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The boxes of an MP4, one level deep."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        assert size >= 8
        yield data[at + 4 : at + 8].decode(), data[at + 8 : at + size]
        at += size


def inside(data: bytes, *path: str) -> bytes:
    for name in path:
        data = dict(boxes(data))[name]
    return data


@pytest.mark.parametrize("pitch", [1, 220, 440, 475, 8_000])
def test_a_wav_is_a_second_of_sound(pitch: int) -> None:
    with wave.open(io.BytesIO(wav(pitch))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8_000)
        samples = struct.unpack("<8000h", sound.readframes(8_000))
    assert max(samples) > 0 > min(samples)


def test_an_mp4_has_its_frames_where_its_tables_say() -> None:
    film = mp4((200, 30, 60))
    assert [name for name, _ in boxes(film)] == ["ftyp", "moov", "mdat"]
    table = inside(film, "moov", "trak", "mdia", "minf", "stbl")
    sizes = struct.unpack(f">{FRAMES}I", inside(table, "stsz")[12:])
    (start,) = struct.unpack(">I", inside(table, "stco")[8:])
    assert start + sum(sizes) == len(film)
    for size in sizes:
        assert int.from_bytes(film[start : start + 4], "big") == size - 4
        start += size
    track = inside(film, "moov", "trak", "tkhd")
    assert struct.unpack(">II", track[-8:]) == (CLIP_SIDE << 16, CLIP_SIDE << 16)


def test_a_glb_has_a_scene_that_fits_its_bytes() -> None:
    solid = glb((200, 30, 60))
    magic, version, length, size, kind = struct.unpack("<4sII I4s", solid[:20])
    assert (magic, version, length, kind) == (b"glTF", 2, len(solid), b"JSON")
    scene = json.loads(solid[20 : 20 + size])
    data = solid[20 + size + 8 :]
    assert scene["buffers"] == [{"byteLength": len(data)}]
    assert sum(view["byteLength"] for view in scene["bufferViews"]) == len(data)
    assert max(struct.unpack("<12H", data[48:])) == 3
    assert size % 4 == 0
