"""Runs pytest as a project of a user does, with other plugins beside fakefal's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.beside.plugins import plugins_folder

INI = """\
[pytest]
fakefal_unused = ignore
fakefal_uncollected = ignore
"""
LIMIT_SECONDS = 90


class Ended(NamedTuple):
    """A run that has ended: its exit code, and what it printed (stderr after stdout)."""

    code: int
    text: str


def run_beside(
    folder: Path, source: str, *options: str, ini: str = "", env: Mapping[str, str] | None = None
) -> Ended:
    """Run the tests of a source text with only the plugins that ``options`` name and fakefal's.

    A run that hangs fails the calling test: subprocess.TimeoutExpired holds what it printed.
    """
    (folder / "pytest.ini").write_text(INI + ini, encoding="utf-8")
    (folder / "test_it.py").write_text(source, encoding="utf-8")
    path = os.pathsep.join(filter(None, (plugins_folder(), os.environ.get("PYTHONPATH"))))
    variables = {**os.environ, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    temporary = folder / "tmp"  # where pytest keeps its folders, and failed tests their reports
    temporary.mkdir()
    variables |= {"FAL_KEY": "a:real-key", "TMPDIR": str(temporary), **(env or {})}
    plugins = ("-p", "fakefal.testing.plugin", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", *plugins, *options],
        cwd=folder,
        env=variables,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=LIMIT_SECONDS,
        check=False,
    )
    return Ended(done.returncode, done.stdout + done.stderr)
