"""What every Python under a run does first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fakefal.guard.hooks import PYTHON


def python(program: str, *folders: Path, **env: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(map(str, (PYTHON, *folders)))
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_program_runs_as_usual() -> None:
    done = python("import sys; print(sys.argv)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "['-c']\n", "")


def test_the_sitecustomize_that_it_hides_is_run(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("WHO = 'the user'\n", encoding="utf-8")
    done = python("import sitecustomize; print(sitecustomize.WHO)", tmp_path)
    assert (done.stdout, done.stderr) == ("the user\n", "")


def test_an_error_of_the_hidden_sitecustomize_is_printed_as_usual(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("1 / 0\n", encoding="utf-8")
    done = python("print('runs')", tmp_path)
    assert done.stdout == "runs\n"
    assert "ZeroDivisionError" in done.stderr


def test_a_hook_that_fails_does_not_keep_the_program_from_running(tmp_path: Path) -> None:
    for name in ("sitecustomize.py",):
        (tmp_path / name).write_text((PYTHON / name).read_text(encoding="utf-8"), "utf-8")
    (tmp_path / "fakefal_child.py").write_text("raise ValueError('no')\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "print('runs')"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "runs\n"
    assert done.stderr == "fakefal: this Python is not guarded: ValueError('no')\n"


def test_it_imports_nothing_more() -> None:
    """Nothing is imported that Python does not import anyway."""
    program = "import sys; print(sorted(set(sys.modules) & {'socket', 'json', 'typing', 'ssl'}))"
    bare = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert python(program).stdout == bare.stdout
