"""What becomes the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from fakefal.guard.hooks import LAUNCHER

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX alone")

WHERE = "import os; print(os.getpid(), os.getpgrp())"


def launch(*command: str, **plan: Any) -> tuple[str, list[dict[str, Any]], int]:
    """What the command wrote, what was statuses of it, and its exit code."""
    reading, writing = os.pipe()
    launch_plan = json.dumps({"status": writing, "terminal": False, **plan})
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(LAUNCHER), launch_plan, *command],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        pass_fds=(writing,),
    ) as process:
        os.close(writing)
        with os.fdopen(reading) as status:
            statuses = [json.loads(line) for line in status]
        assert process.stdout is not None
        out = process.stdout.read()
    return out, statuses, process.returncode


def test_it_is_the_command_itself_in_a_group_of_its_own() -> None:
    out, statuses, code = launch(sys.executable, "-c", WHERE)
    pid, group = out.split()
    assert pid == group
    assert (statuses, code) == ([{"names": "", "why": ""}], 0)


def test_the_command_does_not_inherit_what_is_ours() -> None:
    program = "import os; print(len(os.listdir('/proc/self/fd' if os.name else '')))"
    if sys.platform != "linux":
        pytest.skip("there is no /proc")
    direct = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert launch(sys.executable, "-c", program)[0] == direct.stdout


def test_a_failed_exec_is_reported() -> None:
    _, statuses, code = launch("no-such-program")
    assert statuses[-1] == {"errno": 2, "error": "No such file or directory"}
    assert code == 127


def test_signals_that_python_ignores_are_not_ignored_by_the_command() -> None:
    out, _, code = launch("sh", "-c", "kill -PIPE $$; echo alive")
    assert (out, code) == ("", -signal.SIGPIPE)
