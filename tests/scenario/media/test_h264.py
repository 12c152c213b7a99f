"""The smallest H.264: its units, and that nothing in them looks like a start code."""

from __future__ import annotations

import importlib
import sys
from io import BytesIO
from typing import Any

import pytest

from fakefal.scenario.media.audio_video import CLIP_SIDE, mp4
from fakefal.scenario.media.h264 import FRAMES, film

COLOURS = [(200, 30, 60), (0, 0, 0), (255, 255, 255), (12, 99, 250)]


@pytest.mark.parametrize("colour", COLOURS)
def test_frames_are_one_still_and_its_repeats(colour: tuple[int, int, int]) -> None:
    shot = film(64, colour)
    kinds = [sample[4] & 0x1F for sample in shot.samples]
    assert kinds == [5, *[1] * (FRAMES - 1)]
    assert [shot.sequence[0] & 0x1F, shot.picture[0] & 0x1F] == [7, 8]
    assert shot.sequence[1:4] == shot.profile
    for unit in (shot.sequence, shot.picture, *(sample[4:] for sample in shot.samples)):
        assert not any(mark in unit for mark in (b"\0\0\0", b"\0\0\1", b"\0\0\2"))
        assert unit[-1] != 0


@pytest.mark.skipif(sys.version_info < (3, 11), reason="PyAV has wheels for 3.11 and later")
@pytest.mark.parametrize("colour", COLOURS)
def test_ffmpeg_decodes_every_frame(colour: tuple[int, int, int]) -> None:
    av: Any = importlib.import_module("av")
    with av.open(BytesIO(mp4(colour))) as clip:
        frames = [frame.to_rgb() for frame in clip.decode(video=0)]
    assert len(frames) == FRAMES
    for frame in frames:
        assert (frame.width, frame.height) == (CLIP_SIDE, CLIP_SIDE)
        pixel = bytes(frame.planes[0])[:3]
        assert all(abs(a - b) <= 4 for a, b in zip(pixel, colour, strict=True))
