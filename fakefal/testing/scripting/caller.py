"""The line of a test that calls fakefal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import FrameType

_OWN_FOLDER = str(Path(__file__).parents[2]) + os.sep


def caller_location() -> str:
    """The nearest caller outside fakefal, relative to the working directory: ``test_x.py:12``."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_OWN_FOLDER):
        frame = frame.f_back
    return "" if frame is None else f"{short_path(frame.f_code.co_filename)}:{frame.f_lineno}"


def short_path(file: str) -> str:
    """A path relative to the working directory if it is inside it, else as it is."""
    try:
        relative = os.path.relpath(file)
    except ValueError:  # another drive
        return file
    return file if relative.startswith("..") else relative
