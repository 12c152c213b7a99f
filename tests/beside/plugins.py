"""Installs other plugins and libraries, once, into one folder of the checkout's ``.cache``.

No plugin in it loads by itself: the folder is on the path of subprocesses alone, and they name
those that they want (``-p pytest_socket``).
"""

from __future__ import annotations

import sys
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import pytest

from tests.blackbox.installing import requirements_folder

LIST = Path(__file__).with_name("plugins.txt")
LOCK = Path(__file__).parents[2] / "requirements" / "dev.txt"


def plugins_folder() -> str:
    """The folder to put on PYTHONPATH; installs it, or skips the test if that cannot be done."""
    if sys.platform != "linux" or f"pytest=={metadata.version('pytest')} " not in LOCK.read_text():
        pytest.skip("the matrix is for Linux and the locked versions: plugins fit only those")
    text = LIST.read_text(encoding="utf-8")
    name = f"beside-{sha256(text.encode()).hexdigest()[:12]}"
    return requirements_folder(name, LIST)


def version_of(package: str) -> str:
    """The pinned version of a package of the list; raises KeyError."""
    lines = [line.split("==") for line in LIST.read_text(encoding="utf-8").splitlines()]
    return {words[0].lower(): words[1] for words in lines if len(words) == 2}[package.lower()]
