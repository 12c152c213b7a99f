from __future__ import annotations

import json
import shlex
from pathlib import Path

import fal_client

from fakefal import FakeFal
from fakefal.testing.replay import write_replay


def test_scenario_and_calls_are_written_and_the_command_names_them(
    fakefal: FakeFal, tmp_path: Path
) -> None:
    fakefal.on().output({"a": 1})
    fal_client.submit("a/b", {"n": 1}, priority="low")
    fal_client.run("a/b/c", {"n": "it's"})
    command = shlex.split(write_replay(fakefal, tmp_path))
    assert command[:2] == ["fakefal", "run"]
    assert command[2:] == [
        str(tmp_path / "scenario.yaml"),
        "--",
        command[4],
        str(tmp_path / "calls.py"),
    ]
    program = (tmp_path / "calls.py").read_text()
    compile(program, "calls.py", "exec")
    line = next(line for line in program.splitlines() if line.startswith("CALLS = "))
    calls = json.loads(eval(line.removeprefix("CALLS = json.loads(").removesuffix(")")))
    assert [call["url"] for call in calls] == [
        "https://queue.fal.run/a/b",
        "https://fal.run/a/b/c",
    ]
    assert calls[0]["headers"]["x-fal-queue-priority"] == "low"
    assert "authorization" not in str(calls).lower()
