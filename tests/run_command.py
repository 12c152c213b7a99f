"""Runs ``fakefal run`` around a command, in a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.blackbox.driving import environment

SECONDS = 60


class RunOutput(NamedTuple):
    """The exit code, the output and the report of a run."""

    code: int
    out: str
    err: str
    report: dict[str, Any]


def arguments(*options: str | Path, command: tuple[str | Path, ...]) -> list[str]:
    """The command line of a run; it ends with the command."""
    return [sys.executable, "-m", "fakefal", "run", *map(str, options), "--", *map(str, command)]


def run(
    *command: str | Path,
    options: tuple[str | Path, ...] = (),
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> RunOutput:
    """Run a command under fakefal, in an environment without proxy settings and without a key.

    ``env`` is added to that environment.
    """
    inherited = environment("", PYTHONIOENCODING="utf-8")
    del inherited["FAL_KEY"]
    inherited["FAKEFAL_HOME"] = os.environ["FAKEFAL_HOME"]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        completed = subprocess.run(
            arguments("--report", report, *options, command=command),
            env={**inherited, **(env or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        report_data = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return RunOutput(completed.returncode, completed.stdout, completed.stderr, report_data)
