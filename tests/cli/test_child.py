"""Commands in the foreground: exit codes, signals, the terminal."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakefal.cli.child import CannotStart, EtcOverrides, run_command
from tests.run_command import SECONDS, arguments

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

SIGNAL_PRINTER = """\
import signal, sys
count = 0
def note(number, _):
    global count
    count += 1
    print(signal.Signals(number).name, count, flush=True)
for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"):
    signal.signal(getattr(signal, name), note)
print("ready", flush=True)
while sys.stdin.readline().strip() != "end":
    pass
sys.exit(9)
"""


@contextmanager
def trapping(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A program that prints its signals and exits with 9 on request."""
    program = tmp_path / "trap.py"
    program.write_text(SIGNAL_PRINTER, encoding="utf-8")
    with subprocess.Popen(
        arguments("--quiet", command=(sys.executable, program)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},  # a killed run cannot remove its folder
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> int:
    assert process.stdin is not None
    process.stdin.write("end\n")
    process.stdin.flush()
    return process.wait(SECONDS)


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -KILL $$", 137), ("kill $$", 143)],
)
@on_posix
def test_the_exit_code_is_that_of_a_shell(script: str, code: int) -> None:
    assert run_command(["sh", "-c", script], os.environ).code == code


def test_a_command_gets_the_environment() -> None:
    program = "import os, sys; sys.exit(int(os.environ['CODE']))"
    assert run_command([sys.executable, "-c", program], {**os.environ, "CODE": "5"}).code == 5


def test_a_missing_program_cannot_start() -> None:
    with pytest.raises(CannotStart, match=r"^no-such-program: not found — ") as raised:
        run_command(["no-such-program"], os.environ)
    assert raised.value.code == 127


@on_posix
def test_a_file_without_permission_cannot_start(tmp_path: Path) -> None:
    file = tmp_path / "plain.txt"
    file.write_text("words")
    with pytest.raises(CannotStart, match=": cannot be run: Permission denied") as raised:
        run_command([str(file)], os.environ)
    assert raised.value.code == 126
    with pytest.raises(CannotStart) as raised:
        run_command([str(tmp_path)], os.environ)
    assert raised.value.code == 126


@on_posix
def test_a_script_without_an_interpreter_is_run_by_the_shell(tmp_path: Path) -> None:
    file = tmp_path / "script"
    file.write_text("exit 6\n")
    file.chmod(0o755)
    assert run_command([str(file)], os.environ).code == 6


@on_posix
def test_what_ends_a_moment_after_the_command_is_not_running(tmp_path: Path) -> None:
    """vitest's workers end after it; under a PID 1 that reaps nothing they stay zombies."""
    ended = run_command(["sh", "-c", "sleep 0.3 &"], os.environ)
    assert ended.running_processes == ()


@on_posix
def test_remaining_grandchildren_are_not_waited_for() -> None:
    ended = run_command(["sh", "-c", "sleep 5 &"], os.environ)
    (process,) = ended.running_processes
    assert process.startswith("sleep 5 (pid ")
    assert run_command(["true"], os.environ).running_processes == ()


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux may mount"
)
def test_a_private_hosts_file(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.9.9.9 here.example\n")
    there = Path("/etc/hosts").read_text(encoding="utf-8")
    ended = run_command(
        ["grep", "-q", "here.example", "/etc/hosts"], os.environ, EtcOverrides(str(hosts))
    )
    assert (ended.code, ended.hosts_method, ended.hosts_error) == (0, "root", "")
    assert Path("/etc/hosts").read_text(encoding="utf-8") == there
    ended = run_command(["true"], os.environ, EtcOverrides(str(tmp_path / "none")))
    assert (ended.code, ended.hosts_method) == (0, "")
    assert ended.hosts_error == f"/etc/hosts: {os.strerror(errno.ENOENT)}"


@on_posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_a_signal_is_forwarded_once(tmp_path: Path, name: str) -> None:
    with trapping(tmp_path) as process:
        process.send_signal(getattr(signal, name))
        assert next_line(process) == f"{name} 1"
        assert end(process) == 9
        assert process.stdout is not None
        assert process.stdout.read() == ""


@on_posix
def test_a_signal_to_the_group_arrives_once(tmp_path: Path) -> None:
    with trapping(tmp_path) as process:
        os.killpg(process.pid, signal.SIGINT)
        assert next_line(process) == "SIGINT 1"
        assert end(process) == 9
        assert process.stdout is not None
        assert process.stdout.read() == ""


@on_posix
def test_the_exit_code_of_a_command_killed_by_a_signal() -> None:
    command = ("sh", "-c", "echo ready; sleep 30")
    with subprocess.Popen(
        arguments("--quiet", command=command), stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_killing_the_run_ends_the_command(tmp_path: Path) -> None:
    with trapping(tmp_path) as process:
        process.kill()
        assert next_line(process) == "SIGTERM 1"
        assert process.stdin is not None
        process.stdin.write("end\n")
        process.stdin.flush()
        assert process.stdout is not None
        assert process.stdout.read() == ""


@on_posix
def test_the_keyboard_reaches_the_command_once(tmp_path: Path) -> None:
    import fcntl
    import pty
    import termios

    program = tmp_path / "trap.py"
    program.write_text(SIGNAL_PRINTER, encoding="utf-8")
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        arguments("--quiet", command=(sys.executable, program)),
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(terminal)
    screen = b""

    def until(text: bytes) -> None:
        nonlocal screen
        while text not in screen:
            screen += os.read(keyboard, 1000)

    try:
        until(b"ready")
        os.write(keyboard, b"\x03")
        until(b"SIGINT 1")
        os.write(keyboard, b"end\n")
        assert process.wait(SECONDS) == 9
        assert b"SIGINT 2" not in screen
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)
