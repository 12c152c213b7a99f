"""The sample files in generated video, audio and mesh outputs: one second, or one pyramid.

``tests/scenario/media/make_samples.py`` makes them. Unlike images they are the same for every call.
"""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def read_sample(name: str) -> bytes:
    """``sample.mp4``, ``sample.wav`` or ``sample.glb``, which the package contains."""
    return resources.files("fakefal.scenario.media").joinpath("sample_files", name).read_bytes()
