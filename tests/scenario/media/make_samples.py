"""Makes the sample files that generated video, audio and mesh outputs hold.

Run ``python -m tests.scenario.media.make_samples`` to write them anew. Sound and mesh are the same
bytes on every machine; the video depends on the version of x264 inside PyAV.
"""

from __future__ import annotations

import importlib
import io
import json
import struct
import tempfile
import wave
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "fakefal" / "scenario" / "media" / "sample_files"

SIDE = 128
FRAMES = 8
SECONDS = 1
_RATE = 8_000
_PITCH = 250
_COLOUR = (46, 117, 182)
_CORNERS = ((0.0, 1.0, 0.0), (-1.0, -1.0, 1.0), (1.0, -1.0, 1.0), (0.0, -1.0, -1.0))
_TRIANGLES = (0, 1, 2, 0, 2, 3, 0, 3, 1, 1, 3, 2)


def make_wav() -> bytes:
    """A second of a triangle wave: mono, 16 bits, 8 kHz."""
    half = _RATE // _PITCH // 2
    rise = [8_000 * (2 * step - half) // half for step in range(half)]
    period = rise + [-level for level in rise]
    samples = period * (_RATE * SECONDS // len(period))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()


def make_glb() -> bytes:
    """A pyramid as binary glTF 2.0 (registry.khronos.org/glTF/specs/2.0/glTF-2.0.html)."""
    corners = struct.pack("<12f", *(value for corner in _CORNERS for value in corner))
    triangles = struct.pack("<12H", *_TRIANGLES)
    colour = [*(round(channel / 255, 3) for channel in _COLOUR), 1.0]
    scene = {
        "asset": {"version": "2.0", "generator": "fakefal"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [
            {"pbrMetallicRoughness": {"baseColorFactor": colour}, "doubleSided": True},
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
            {
                "buffer": 0,
                "byteOffset": len(corners),
                "byteLength": len(triangles),
                "target": 34963,
            },
        ],
        "buffers": [{"byteLength": len(corners) + len(triangles)}],
    }
    text = json.dumps(scene, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    data = corners + triangles
    chunks = struct.pack("<I", len(text)) + b"JSON" + text
    chunks += struct.pack("<I", len(data)) + b"BIN\x00" + data
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def make_mp4() -> bytes:
    """A second of a still of one colour: H.264, with its index first, so that it streams."""
    av: Any = importlib.import_module("av")
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sample.mp4")  # faststart reads the file again, so it needs a name
        with av.open(str(path), "w", options=options) as container:
            stream = container.add_stream("libx264", rate=FRAMES)
            stream.width = stream.height = SIDE
            stream.pix_fmt = "yuv420p"
            stream.options = {"preset": "veryslow", "crf": "30", "bf": "0"}
            for number in range(FRAMES * SECONDS):
                frame = av.VideoFrame(SIDE, SIDE, "rgb24")
                frame.planes[0].update(bytes(_COLOUR) * (SIDE * SIDE))
                frame.pts = number
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path.read_bytes()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, data in (
        ("sample.wav", make_wav()),
        ("sample.glb", make_glb()),
        ("sample.mp4", make_mp4()),
    ):
        (FOLDER / name).write_bytes(data)
