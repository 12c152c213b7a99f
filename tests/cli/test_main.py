from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fakefal import __version__
from tests.cli.running import BAD, fakefal

HELP = """\
Usage: fakefal [OPTIONS] COMMAND [ARGS]...

  A local fake of fal.ai: real clients, the real protocol, scripted answers.

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.

Commands:
  serve     Serve a fake fal.ai until stopped.
  run       Run a command with its fal clients redirected to a fake.
  record    Run a command and record its fal traffic.
  import    Convert a HAR, VCR cassette or curl trace to a scenario.
  diff      Compare two recordings.
  env       Print variables that redirect a shell to a server.
  check     Check scenario files.
  init      Put example scenarios and settings into a project.
  schema    Print the JSON Schema of scenario files.
  presets   List presets, errors and faults.
  explain   Show a preset, error or fault in detail.
  journal   Show what happened on a running server, or follow it.
  misses    List a server's unmatched calls.
  webhooks  List a server's webhooks, or send them again.
  health    Check whether a server is ready.
  verify    Compare fal.ai with what was recorded of it.
  ca        Show the local CA, or issue certificates from it.
  demo      Show fakefal with a real client in five seconds.
"""


def process(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new Python."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env={**os.environ, **env},
    )


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_command(option: str) -> None:
    assert fakefal(option) == (0, HELP, "")


def test_without_arguments_the_help_is_the_error() -> None:
    assert fakefal() == (2, "", HELP)


def test_every_command_has_its_own_help() -> None:
    commands = re.findall(r"^  ([a-z]+) ", HELP.partition("Commands:")[2], re.MULTILINE)
    assert len(commands) == 18
    for command in commands:
        ran = fakefal(command, "--help")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith(f"Usage: fakefal {command} ")


def test_the_version_is_printed() -> None:
    assert fakefal("--version") == (0, f"fakefal, version {__version__}\n", "")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("serv", 'unknown command "serv" — did you mean "serve"?\n'),
        ("shema", 'unknown command "shema" — did you mean "schema"?\n'),
        (
            "xyzzy",
            'unknown command "xyzzy" — one of serve, run, record, import, diff, env, check, '
            "init, schema, "
            "presets, explain, journal, misses, webhooks, health, verify, ca, demo\n",
        ),
    ],
)
def test_an_unknown_command_suggests_the_nearest(name: str, expected: str) -> None:
    assert fakefal(name) == (2, "", expected)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--prot"], "No such option"),
        (["serve", "--prot", "1"], "--port"),
        (["serve", "--port", "http"], "'http' is not a valid integer"),
        (["serve", "--port", "99999"], "invalid port 99999 (0–65535)"),
        (["serve", "--port", "-1"], "invalid port -1 (0–65535)"),
        (["serve", "--clock", "sand"], "'real', 'instant', 'manual'"),
        (["serve", "--speed", "-1"], "invalid speed -1.0"),
        (["serve", "--unmatched", "panic"], "'fail', 'generate'"),
        (["serve", "--host", "no host at all"], "cannot listen on no host at all:8787"),
        (["serve", "nowhere.yaml"], "nowhere.yaml: no such file — check the path"),
        (["serve", "."], ".: no scenario in this folder"),
        (["check", "nowhere.yaml", "."], ".: no scenario in this folder"),
        (["check"], "Missing argument 'FILE_OR_FOLDER...'"),
        (["schema", "more"], "Got unexpected extra argument (more)"),
    ],
    ids=" ".join,
)
def test_an_error_is_one_line_and_exit_code_2(
    argv: list[str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = fakefal(*argv)
    assert (ran.code, ran.out) == (2, "")
    assert expected in ran.err
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err


def test_an_invalid_option_refers_to_the_help_of_its_command() -> None:
    assert fakefal("serve", "--clock", "sand").err.endswith(" — see fakefal serve --help\n")


def test_a_taken_port_is_an_error_with_a_suggestion() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert fakefal("serve", "--port", str(port)) == (
            2,
            "",
            f"port {port} on 127.0.0.1 is taken — stop the other server, or pass --port 0 to use a "
            "free one\n",
        )


def test_a_broken_scenario_is_not_served(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(BAD)
    ran = fakefal("serve", path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"{path}:4:13: exchanges[0].reply.texd: ")


def test_help_imports_no_server() -> None:
    code = (
        "import sys; from fakefal.cli.main import main; main(['--help']);"
        "assert not {'aiohttp', 'pydantic', 'rich', 'yaml'} & set(sys.modules)"
    )
    done = process(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, HELP, "")


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fakefal", "serv"],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'unknown command "serv" — did you mean "serve"?\n'


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_ctrl_c_ends_a_command_quietly() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "fakefal", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        try:
            assert any("IN_QUEUE" in line for line in process.stdout)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, errors.strip()) == (130, "")


def test_a_character_outside_the_encoding_is_escaped() -> None:
    code = "import sys; sys.argv[1:] = ['serv']; from fakefal.cli.main import run; run()"
    done = process(code, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'unknown command "serv" \\u2014 did you mean "serve"?\n'


def test_closed_outputs_are_ignored() -> None:
    code = (
        "import sys; sys.argv[1:] = ['schema']; sys.stdout = sys.stderr = None;"
        "from fakefal.cli.main import run; run()"
    )
    done = process(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_full_disk_is_a_one_line_error(option: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fakefal", option],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    assert done.returncode != 0
    assert done.stderr.startswith("cannot write: No space left on device\n")
    assert "Traceback" not in done.stderr
