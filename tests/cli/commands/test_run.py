"""``fakefal run``."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fakefal.cli.commands.run import EXIT_MISSES
from tests.cli.running import BAD, GOOD, fakefal
from tests.run_command import arguments, run

ASK = """\
import json, os, sys, urllib.request
for prompt in sys.argv[1:]:
    data = json.dumps({"prompt": prompt}).encode()
    headers = {"Authorization": "Key " + os.environ["FAL_KEY"], "Content-Type": "application/json"}
    try:
        request = urllib.request.Request("https://fal.run/fal-ai/any-llm", data, headers)
        print(json.load(urllib.request.urlopen(request))["output"])
    except urllib.error.HTTPError as error:
        print(error.code)
"""

SCENARIO = """\
fakefal: 1
exchanges:
  - id: tagline
    when: {endpoint: fal-ai/any-llm, input: {prompt: tagline}}
    reply: {text: Ship it.}
  - id: slogan
    when: {endpoint: fal-ai/any-llm, input: {prompt: slogan}}
    reply: {text: Ship that.}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "s.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


def ask(*prompts: str) -> tuple[str, ...]:
    return (sys.executable, "-c", ASK, *prompts)


def test_a_program_gets_scripted_responses_and_a_summary_is_printed(scenario: Path) -> None:
    ran = run(*ask("tagline", "pancakes", "pancakes"), options=("s.yaml",), cwd=scenario.parent)
    assert (ran.code, ran.out) == (0, "Ship it.\n404\n404\n")
    assert ran.err.splitlines() == [
        "fakefal: 3 calls (run 3), 2 misses, 1 unused exchange",
        "  miss     no exchange for fal-ai/any-llm (run); nearest: "
        '"tagline" (s.yaml:3): input.prompt is "pancakes", wanted "tagline"; '
        '"slogan" (s.yaml:6): input.prompt is "pancakes", wanted "slogan" (2 times)',
        '  unused   "slogan" (s.yaml:6)',
    ]


def test_without_a_scenario_and_a_key_calls_are_answered() -> None:
    ran = run(*ask("hello"))
    assert ran.code == 0
    assert len(ran.out.split()) > 3
    assert ran.err == "fakefal: 1 call (run 1), 0 misses\n"


def test_the_scenario_applies_to_every_key(scenario: Path) -> None:
    for env in ({"FAL_KEY": "my:own"}, {}):
        ran = run(*ask("tagline", "slogan"), options=(scenario,), env=env)
        assert (ran.out, ran.report["unused"]) == ("Ship it.\nShip that.\n", [])
    assert "my:own" not in json.dumps(ran.report)


@pytest.mark.parametrize(
    ("options", "prompt", "code"),
    [(("--strict",), "pancakes", EXIT_MISSES), (("--strict",), "tagline", 0), ((), "pancakes", 0)],
)
def test_strict_fails_on_misses(
    scenario: Path, options: tuple[str, ...], prompt: str, code: int
) -> None:
    ran = run(*ask(prompt), options=(scenario, *options))
    assert (ran.code, ran.report["exit_code"]) == (code, code)


def test_a_command_that_fails_keeps_its_code(scenario: Path) -> None:
    command = (sys.executable, "-c", f"{ASK}\nsys.exit(9)", "pancakes")
    ran = run(*command, options=(scenario, "--strict"))
    assert (ran.code, ran.report["command_exit_code"]) == (9, 9)


def test_quiet_prints_a_summary_only_if_it_fails_the_run(scenario: Path) -> None:
    assert run(*ask("pancakes"), options=(scenario, "--quiet")).err == ""
    ran = run(*ask("pancakes"), options=(scenario, "--quiet", "--strict"))
    assert ran.err.startswith("fakefal: 1 call (run 1), 1 miss")


def test_reports_are_written_in_each_format(scenario: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    options = (scenario, "--report", folder / "a.json", "--report", folder / "a.xml")
    run(*ask("tagline", "pancakes"), options=options)
    report = json.loads((folder / "a.json").read_text(encoding="utf-8"))
    assert report["calls"]["by"] == {"run": 2}
    assert [call["status"] for call in report["calls"]["list"]] == [200, 404]
    assert report["misses"][0]["input"] == {"prompt": "pancakes"}
    (suite,) = ElementTree.parse(folder / "a.xml").getroot()
    assert suite.get("tests") == "4"
    assert suite.get("failures") == suite.get("skipped") == "1"


def test_offline_blocks_other_hosts(scenario: Path) -> None:
    program = (
        "import urllib.request\n"
        "for url in ('https://example.com/', 'http://example.org/'):\n"
        "    try:\n        urllib.request.urlopen(url)\n"
        "    except OSError as error:\n        print(error)\n"
    )
    ran = run(sys.executable, "-c", program, options=("--offline",))
    assert ran.out.count("blocked by --offline:") == 2
    assert [host["target"] for host in ran.report["refused"]] == [
        "example.com:443",
        "example.org:80",
    ]
    assert "  blocked  example.com:443, not fal's\n" in ran.err


def test_running_processes_are_reported() -> None:
    ran = run("sh", "-c", "sleep 3 > /dev/null 2>&1 &")
    assert ran.code == 0
    assert "still running, without a server: " in ran.err


def test_an_undelivered_webhook_is_reported(scenario: Path) -> None:
    program = (
        "import fal_client, time\n"
        "url = 'http://192.0.2.1:9/hook'\n"
        "fal_client.submit('fal-ai/any-llm', {'prompt': 'tagline'}, webhook_url=url)\n"
    )
    ran = run(sys.executable, "-c", program, options=(scenario, "--clock", "instant"))
    assert ran.code == 0, ran.err
    assert len(ran.report["webhooks"]) == 1
    assert "  webhook  " in ran.err


def test_every_problem_of_every_scenario_is_printed_and_nothing_is_run(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(BAD, encoding="utf-8")
    marker = tmp_path / "ran"
    options = (tmp_path / "a.yaml", tmp_path / "b.yaml")
    ran = run(sys.executable, "-c", f"open({str(marker)!r}, 'w')", options=options)
    assert ran.code == 2
    assert ran.err.count('unknown key "texd"') == 2
    assert not marker.exists()
    ran = run("true", options=(tmp_path / "none.yaml",))
    assert (ran.code, ran.err.count("no such file")) == (2, 1)


@pytest.mark.parametrize(
    ("command", "code", "problem"),
    [
        (("no-such-program",), 127, "no-such-program: not found — "),
        (("/etc/hosts",), 126, "/etc/hosts: cannot be run: Permission denied — "),
    ],
)
def test_a_command_that_cannot_start(command: tuple[str, ...], code: int, problem: str) -> None:
    ran = run(*command)
    assert ran.code == ran.report["exit_code"] == code
    assert ran.err.startswith(problem)
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [("run",), ("run", "--"), ("run", "scenarios")])
def test_a_command_is_required(arguments: tuple[str, ...]) -> None:
    ran = fakefal(*arguments)
    assert ran.code == 2
    assert ran.err.startswith("no command — write it after --, as in: -- npm test")


def test_invalid_options_are_errors_before_anything_is_run() -> None:
    ran = fakefal("run", "--report", "report.txt", "--", "true")
    assert ran.code == 2
    assert '"report.txt" must end in .json or .xml (JUnit)' in ran.err
    assert fakefal("run", "--option", "nonsense", "--", "true").code == 2


def test_arguments_after_the_dashes_are_the_commands() -> None:
    ran = run(sys.executable, "-c", "import sys; print(sys.argv)", "--strict", "--", "-x", "--help")
    assert ran.out == "['-c', '--strict', '--', '-x', '--help']\n"


def test_runs_may_be_nested(scenario: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(GOOD, encoding="utf-8")
    inner: tuple[str | Path, ...]
    inner = (sys.executable, "-m", "fakefal", "run", "--quiet", scenario, "--", *ask("tagline"))
    ran = run(*inner, options=(other,))
    assert (ran.code, ran.out) == (0, "Ship it.\n")
    assert ran.report["calls"]["total"] == 0


def test_a_command_keeps_the_limit_of_open_files() -> None:
    script = "ulimit -S -n 300; exec " + shlex.join(
        arguments("--quiet", command=("sh", "-c", "ulimit -S -n"))
    )
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "300\n"
