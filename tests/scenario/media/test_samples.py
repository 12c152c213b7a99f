"""The sample files are valid, and are what their script makes."""

from __future__ import annotations

import importlib
import io
import json
import struct
import sys
import wave
from typing import Any

import pytest

from fakefal.scenario.media.samples import read_sample
from tests.scenario.media.make_samples import FRAMES, SECONDS, SIDE, make_glb, make_mp4, make_wav


def test_the_sound_is_a_second_of_a_tone() -> None:
    data = read_sample("sample.wav")
    assert data == make_wav()
    with wave.open(io.BytesIO(data)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8_000)
        samples = struct.unpack("<8000h", sound.readframes(8_001))
    assert max(samples) > 0 > min(samples)


def test_the_mesh_has_a_scene_that_fits_its_bytes() -> None:
    data = read_sample("sample.glb")
    assert data == make_glb()
    magic, version, length, size, kind = struct.unpack("<4sII I4s", data[:20])
    assert (magic, version, length, kind) == (b"glTF", 2, len(data), b"JSON")
    scene = json.loads(data[20 : 20 + size])
    buffer = data[20 + size + 8 :]
    assert scene["buffers"] == [{"byteLength": len(buffer)}]
    assert sum(view["byteLength"] for view in scene["bufferViews"]) == len(buffer)
    assert max(struct.unpack("<12H", buffer[48:])) == 3
    assert size % 4 == 0


def test_the_video_starts_to_play_before_it_is_loaded() -> None:
    data = read_sample("sample.mp4")
    assert data[4:8] == b"ftyp"
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    assert len(data) < 5_000


@pytest.mark.skipif(sys.version_info < (3, 11), reason="PyAV has wheels for 3.11 and later")
def test_ffmpeg_decodes_every_frame_of_the_video() -> None:
    av: Any = importlib.import_module("av")
    for data in (read_sample("sample.mp4"), make_mp4()):
        with av.open(io.BytesIO(data)) as clip:
            stream = clip.streams.video[0]
            assert stream.codec_context.name == "h264"
            assert float(stream.duration * stream.time_base) == SECONDS
            frames = list(clip.decode(video=0))
        assert len(frames) == FRAMES
        assert {(frame.width, frame.height) for frame in frames} == {(SIDE, SIDE)}
