"""Runs a command in the foreground as a shell would: terminal, signals, exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from fakefal.errors import FakefalError
from fakefal.guard.hooks import LAUNCHER

NOT_FOUND = 127
NOT_EXECUTABLE = 126
_SIGNAL_EXIT_BASE = 128
_FORWARDED_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_KEYBOARD_SIGNALS = ("SIGINT", "SIGQUIT")
"""These go to the whole process group, as they would from a terminal; the others to the command."""


@dataclass(frozen=True, slots=True)
class EtcOverrides:
    """Files that the command sees in place of those of /etc; empty for none."""

    hosts: str = ""
    nsswitch: str = ""


@dataclass(frozen=True, slots=True)
class ExitInfo:
    """How a command ended. ``code`` is what a shell gives: 128 + the signal that killed it.

    ``names`` says by whose right it had its own view of the hosts file (``root``, ``user
    namespace``), ``why`` what was against that. ``left`` is whether processes of it still run.
    """

    code: int
    hosts_method: str = ""
    hosts_error: str = ""
    has_running_processes: bool = False


def open_files() -> int | None:
    """How many files a command of ours may open by default; None where there is no such limit."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def run_command(
    command: Sequence[str],
    env: Mapping[str, str],
    etc_overrides: EtcOverrides | None = None,
    *,
    open_files: int | None = None,
) -> ExitInfo:
    """Run a command to its end, with our standard streams; call it from the main thread.

    On POSIX it has a process group of its own, which holds the terminal while it runs: Ctrl-C
    reaches the command and not us, and a signal sent to us is passed on once. ``open_files`` is its
    limit of open files, ours where None (``open_files()`` tells it before it is raised). Raises
    CannotStart, whose ``code`` is 126 or 127.
    """
    if not hasattr(os, "fork"):
        return _run_without_groups(command, env)
    reading, writing = os.pipe()
    launcher_config = {
        "status": writing,
        "terminal": _is_in_foreground(),
        "open_files": open_files,
        "hosts": etc_overrides.hosts if etc_overrides else None,
        "nsswitch.conf": etc_overrides.nsswitch if etc_overrides else None,
    }
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(launcher_config)]
    try:
        process = subprocess.Popen(
            [*launcher, *command], env=dict(env), pass_fds=(writing,), close_fds=True
        )
    finally:
        os.close(writing)
    with suppress(OSError):
        os.setpgid(process.pid, process.pid)  # it does so itself; whoever is first
    with _forward_signals(process.pid):
        with os.fdopen(reading, "rb") as status:
            launcher_status = _read_launcher_status(status)
        code = _wait_for_exit(process.pid)
    process.returncode = code  # it was waited for here
    if launcher_config["terminal"]:
        _give_terminal(os.getpgrp())
    if "errno" in launcher_status:
        raise CannotStart(command[0], launcher_status["errno"], launcher_status["error"])
    return ExitInfo(
        code,
        launcher_status.get("names", ""),
        launcher_status.get("why", ""),
        _has_members(process.pid),
    )


class CannotStart(FakefalError):
    """A command that is not there or may not be run; ``code`` is what a shell gives then."""

    def __init__(self, name: str, number: int, reason: str) -> None:
        is_missing = isinstance(OSError(number, reason), (FileNotFoundError, NotADirectoryError))
        self.code = NOT_FOUND if is_missing else NOT_EXECUTABLE
        problem = "not found" if is_missing else f"cannot be run: {reason}"
        super().__init__(f"{name}: {problem} — what follows -- is a program and its arguments")


def _read_launcher_status(status: Any) -> dict[str, Any]:
    """What the launcher said until it became the command."""
    launcher_status: dict[str, Any] = {}
    for line in status:
        launcher_status.update(json.loads(line))
    return launcher_status


def _run_without_groups(command: Sequence[str], env: Mapping[str, str]) -> ExitInfo:
    """Where there are no process groups, Ctrl-C reaches the command by itself."""
    try:
        process = subprocess.Popen(command, env=dict(env))
    except OSError as error:
        raise CannotStart(command[0], error.errno or 0, error.strerror or str(error)) from None
    while True:
        with suppress(KeyboardInterrupt):
            return ExitInfo(process.wait())


def _is_in_foreground() -> bool:
    """Whether there is a terminal and we are what it belongs to."""
    return _foreground_group() == os.getpgrp()


def _foreground_group() -> int | None:
    """The process group that the terminal belongs to; None where there is no terminal."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return None
    try:
        return os.tcgetpgrp(terminal)
    except OSError:
        return None
    finally:
        os.close(terminal)


def _give_terminal(group: int) -> None:
    """Let a process group be what the keyboard is read by."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
        os.tcsetpgrp(terminal, group)
        os.close(terminal)
    except OSError:
        return
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTTOU})


def _wait_for_exit(pid: int) -> int:
    """Wait for the end of a process; when it is stopped (Ctrl-Z) so are we, until it goes on."""
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            _stop_with(pid)
        elif os.WIFSIGNALED(status):
            return _SIGNAL_EXIT_BASE + os.WTERMSIG(status)
        else:
            return os.WEXITSTATUS(status)


def _stop_with(pid: int) -> None:
    """Stop, so that the shell asks for the next command; without a shell there is no need."""
    if _foreground_group() is None:
        return
    os.kill(os.getpid(), signal.SIGSTOP)
    if _is_in_foreground():
        _give_terminal(pid)
    with suppress(OSError):
        os.killpg(pid, signal.SIGCONT)


def _has_members(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


@contextmanager
def _forward_signals(pid: int) -> Iterator[None]:
    """Pass on what is sent to us while the command runs."""

    def forward(number: int, _: FrameType | None) -> None:
        is_keyboard_signal = signal.Signals(number).name in _KEYBOARD_SIGNALS
        send: Callable[[int, int], None] = os.killpg if is_keyboard_signal else os.kill
        with suppress(ProcessLookupError, PermissionError):
            send(pid, number)

    numbers = [getattr(signal, name) for name in _FORWARDED_SIGNALS]
    previous_handlers = {
        signal_number: signal.signal(signal_number, forward)
        for signal_number in numbers
        if _is_handled(signal_number)
    }
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)


def _is_handled(number: int) -> bool:
    """Whether a signal does anything here: under nohup SIGHUP is ignored, and stays so."""
    return signal.getsignal(number) not in (signal.SIG_IGN, None)
