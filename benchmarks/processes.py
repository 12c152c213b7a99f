"""How the programs that are measured are started."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def environment() -> dict[str, str]:
    """This environment without what would change them: PYTHONDONTWRITEBYTECODE, FAKEFAL_CLOCK, …"""
    prefixes = ("PYTHON", "PYTEST", "FAKEFAL", "FAL_")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def fakefal_command() -> list[str]:
    """The command as users start it."""
    script = Path(sys.executable).with_name("fakefal")
    return [str(script)] if script.exists() else [sys.executable, "-m", "fakefal"]
