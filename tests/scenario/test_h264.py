"""The smallest H.264: its units, and that nothing in them looks like a start code."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fakefal.scenario.clips import CLIP_SIDE, mp4
from fakefal.scenario.h264 import FRAMES, film

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


@pytest.mark.parametrize("colour", COLOURS)
def test_ffmpeg_decodes_every_frame(colour: tuple[int, int, int], tmp_path: Path) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg is not installed")
    (tmp_path / "clip.mp4").write_bytes(mp4(colour))
    command = [ffmpeg, "-v", "error", "-i", "clip.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=True)
    assert done.stderr == b""
    assert len(done.stdout) == FRAMES * CLIP_SIDE * CLIP_SIDE * 3
    for at in (0, -3):
        pixel = done.stdout[at : at + 3 or None]
        assert max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) <= 4
