"""Made media carry the id of their request, and open as before."""

from __future__ import annotations

import io
import json
import struct
import sys
import wave

import pytest
from PIL import Image

from fakefal.scenario.media.audio_video import glb, mp4, wav
from fakefal.scenario.media.images import jpeg, png
from fakefal.scenario.media.metadata import with_comment

ID = "019f3d10-8a6b-7c3e-9d55-0a1b2c3d4e5f"
COLOUR = (200, 30, 60)


def test_a_png_tells_its_request() -> None:
    plain = png(70, 30, COLOUR)
    picture = Image.open(io.BytesIO(with_comment("image/png", plain, ID)))
    picture.load()
    assert getattr(picture, "text") == {"request_id": ID}  # noqa: B009 - only a PngImageFile has it
    assert picture.tobytes() == Image.open(io.BytesIO(plain)).tobytes()


def test_a_jpeg_tells_its_request() -> None:
    plain = jpeg(70, 30, COLOUR)
    picture = Image.open(io.BytesIO(with_comment("image/jpeg", plain, ID)))
    assert picture.info["comment"] == ID.encode()
    assert picture.info["jfif"]
    assert picture.tobytes() == Image.open(io.BytesIO(plain)).tobytes()


@pytest.mark.parametrize("text", [ID, "odd"])
def test_a_wav_tells_its_request_after_the_sound(text: str) -> None:
    plain = wav(440)
    marked = with_comment("audio/wav", plain, text)
    with wave.open(io.BytesIO(marked)) as sound, wave.open(io.BytesIO(plain)) as before:
        assert sound.readframes(9_000) == before.readframes(9_000)
    assert struct.unpack("<I", marked[4:8]) == (len(marked) - 8,)
    size, kind, name, length = struct.unpack_from("<I4s4sI", marked, len(plain) + 4)
    assert (size, kind, name) == (len(marked) - len(plain) - 8, b"INFO", b"ICMT")
    assert marked[len(plain) + 20 :][:length].rstrip(b"\x00") == text.encode()
    assert len(marked) % 2 == 0


def test_an_mp4_moves_its_frames_by_what_it_tells() -> None:
    plain = mp4(COLOUR)
    marked = with_comment("video/mp4", plain, ID)
    more = len(marked) - len(plain)
    before, after = (
        struct.unpack_from(">I", film, film.index(b"stco") + 12)[0] for film in (plain, marked)
    )
    assert after - before == more
    assert marked[after:] == plain[before:]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="PyAV has no wheel for Python 3.10")
def test_an_mp4_plays_and_tells_its_request() -> None:
    import av

    with av.open(io.BytesIO(with_comment("video/mp4", mp4(COLOUR), ID)), "r") as film:
        assert film.metadata["comment"] == ID
        assert len(list(film.decode(video=0))) == 8
    with av.open(io.BytesIO(with_comment("audio/wav", wav(440), ID)), "r") as sound:
        assert sound.metadata["comment"] == ID


def test_a_glb_tells_its_request_and_keeps_its_solid() -> None:
    plain = glb(COLOUR)
    marked = with_comment("model/gltf-binary", plain, ID)
    _, _, length, size, _ = struct.unpack("<4sIII4s", marked[:20])
    assert length == len(marked)
    assert size % 4 == 0
    scene = json.loads(marked[20 : 20 + size])
    assert scene["asset"]["extras"] == {"request_id": ID}
    (old,) = struct.unpack_from("<I", plain, 12)
    assert marked[20 + size :] == plain[20 + old :]


def test_what_is_not_made_here_stays_as_it_is() -> None:
    assert with_comment("text/plain", b"hello", ID) == b"hello"
