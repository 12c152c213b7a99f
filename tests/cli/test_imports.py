"""What a start imports: each module here costs every user time at every start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCENARIO = Path(__file__).parents[2] / "scenarios" / "quickstart.yaml"

WATCHED = (
    *("aiohttp", "cryptography", "fakefal.engine", "fakefal.recorder.recorder"),
    *("fakefal.scenario.model", "fakefal.scenario.schemas", "fakefal.server"),
    *("httpx", "jinja2", "jwt", "msgpack"),
    *("pydantic", "regex", "ssl", "trustme", "yaml"),
)
SERVER = {"aiohttp", "fakefal.engine", "fakefal.server", "msgpack", "ssl"}
LOADER = {"fakefal.scenario.model", "jinja2", "msgpack", "pydantic", "yaml"}

_SCRIPT = """
import sys
{setup}
from fakefal.cli.main import main
main(sys.argv[1:])
print("imported:", *(name for name in {watched!r} if name in sys.modules))
"""
_STOP_AT_START = """
import asyncio
asyncio.Event.wait = lambda self: asyncio.sleep(0)
"""


def imported_by(arguments: list[str], setup: str = "") -> set[str]:
    """The watched modules that a command imports in a process of its own."""
    script = _SCRIPT.format(setup=setup, watched=WATCHED)
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "FAKEFAL_HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.rpartition("imported:")[2].split())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--version"], set()),
        (["check", str(SCENARIO)], LOADER),
        (["serve", "--port", "0"], SERVER),
        (["serve", "--port", "0", str(SCENARIO)], SERVER | LOADER),
    ],
    ids=["version", "check", "serve", "serve-file"],
)
def test_a_start_imports_only_what_it_needs(arguments: list[str], allowed: set[str]) -> None:
    setup = _STOP_AT_START if arguments[0] == "serve" else ""
    assert imported_by(arguments, setup) - allowed == set()
