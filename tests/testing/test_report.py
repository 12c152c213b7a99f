"""What a failing test shows, and that its command replays it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

from tests.testing.conftest import RunTests

PROJECT = """
import fal_client
from fakefal import contains

def test_fails(fakefal):
    fakefal.on("fal-ai/any-llm", prompt=contains("tagline")).text("Ship {{ input.prompt }}.")
    assert fal_client.subscribe("fal-ai/any-llm", {"prompt": "tagline"})["output"] == "other"

def test_misses(fakefal):
    fakefal.on("fal-ai/any-llm", prompt=contains("tagline")).text("x")
    fal_client.run("fal-ai/any-llm", {"prompt": "slogan"})

def test_functions(fakefal):
    fakefal.on("a/b").text(lambda call: "x")
    fal_client.run("a/b", {})
    assert False

def test_nothing_came(fakefal):
    assert False
"""


def test_the_report_has_the_timeline_and_a_replay_command(run_tests: RunTests) -> None:
    result = run_tests(PROJECT)
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(
        [
            "*- fakefal -*",
            "journal (instant clock):",
            '* +0.000s call    #1 queue fal-ai/any-llm {"prompt": "tagline"} → 200 by *',
            "* status  #1 → 202 (IN_QUEUE)",
            "* result  #1 → 200",
            "replay outside pytest:",
            "*call * #1 run fal-ai/any-llm * → 404 (miss)",
            "misses:",
            '  no exchange for fal-ai/any-llm (run); nearest: *input.prompt lacks "tagline"*',
            "no replay outside pytest is possible:",
            "  *exchanges?0?: the function <lambda> (test_the_report_has*",
            "journal: empty, no request reached the fake",
        ]
    )
    commands = re.findall(r"^  (fakefal run .*)$", result.stdout.str(), re.MULTILINE)
    assert len(commands) == 2
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(commands[0])],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "1. queue https://queue.fal.run/fal-ai/any-llm" in done.stdout
    assert '"output":"Ship tagline."' in done.stdout
