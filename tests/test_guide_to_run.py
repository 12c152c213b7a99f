"""The examples of docs/run.md, run as they stand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fakefal.cli.commands.env import env
from fakefal.cli.commands.run import run
from fakefal.guard.environment import KEY_VARIABLES
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.blackbox.driving import environment
from tests.test_documents import ROOT, lines_of

PROGRAM = """\
import fal_client
print(fal_client.run("fal-ai/any-llm", {"prompt": "Write a tagline"})["output"])
"""
GUIDE = (ROOT / "docs" / "run.md").read_text(encoding="utf-8")
LINES = lines_of("run.md")
RUNS = [line for line in (*lines_of("README"), *LINES) if line.startswith("fakefal run")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the guide is followed: scenarios, a program, and the commands on the PATH."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, module in (("fakefal", "-m fakefal "), ("python", "")):
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n')
        (commands / name).chmod(0o755)
    return tmp_path


def follow(folder: Path, script: str) -> str:
    env = environment("", FAKEFAL_HOME=str(folder / "home"))
    env["PATH"] = os.pathsep.join((str(folder / "bin"), env["PATH"]))
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("line", RUNS)
def test_a_run_of_the_guide(folder: Path, line: str) -> None:
    printed = follow(folder, line)
    assert printed == "Ship it.\n" if "program.py" in line else '"output":' in printed
    if "--report" in line:
        assert (folder / "report.xml").exists()
        assert (folder / "report.json").exists()


def test_the_environment_of_the_guide(folder: Path) -> None:
    lines = [line for line in LINES if not line.startswith("fakefal run")]
    scenario = folder / "scenarios" / "quickstart.yaml"
    with ThreadedServer(FakeFalServer(scenario, home=folder / "home")) as fake:
        script = "\n".join(lines).replace("env)", f"env --url {fake.url})")
        assert follow(folder, script) == "Ship it.\n"


def test_every_option_is_in_the_guide() -> None:
    names = [option for command in (run, env) for it in command.params for option in it.opts]
    assert [name for name in names if name.startswith("--") and name not in GUIDE] == []
    assert [name for name in KEY_VARIABLES if f"`{name}`" not in GUIDE] == []
