"""Runs a command in the foreground like a shell: terminal, signals, exit code.

https://www.gnu.org/software/libc/manual/html_node/Implementing-a-Shell.html
"""

from __future__ import annotations

import json
import os
import select
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
from fakefal.guard.processes import group_members

NOT_FOUND = 127
NOT_EXECUTABLE = 126
_SIGNAL_EXIT_BASE = 128
_GRACE_STEPS, _GRACE_STEP_SECONDS = 50, 0.02
_FORWARDED_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_KEYBOARD_SIGNALS = ("SIGINT", "SIGQUIT")
"""Signals that go to the whole process group, as from a terminal; others go to the command."""


@dataclass(frozen=True, slots=True)
class EtcOverrides:
    """Paths of files that the command sees in place of those in /etc; empty for none."""

    hosts: str = ""
    nsswitch: str = ""


@dataclass(frozen=True, slots=True)
class ExitInfo:
    """How a command ended. ``code`` is its exit code, or 128 + the signal that killed it.

    ``hosts_method`` is how it got a private hosts file (``root``, ``user namespace``), and
    ``hosts_error`` why it got none.
    """

    code: int
    hosts_method: str = ""
    hosts_error: str = ""
    running_processes: tuple[str, ...] = ()
    """Processes that the command left behind, as text."""


def open_files() -> int | None:
    """The soft limit of open files; None on systems without one."""
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
    """Run a command to its end with this process's standard streams; main thread only.

    On POSIX the command gets its own process group, which is the terminal's foreground group while
    it runs, so Ctrl-C reaches only the command. Signals to this process are forwarded.
    ``open_files`` is the command's limit of open files; None is that of this process. Raises
    CannotStart.
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
        # The launcher calls it too; both must, as either may run first (see the glibc manual).
        os.setpgid(process.pid, process.pid)
    with _forward_signals(process.pid):
        with os.fdopen(reading, "rb") as status:
            launcher_status = _read_launcher_status(status)
        code = _wait_for_exit(process.pid)
    process.returncode = code  # os.waitpid() reaped it, so Popen must not wait again
    if launcher_config["terminal"]:
        _give_terminal(os.getpgrp())
    if "errno" in launcher_status:
        raise CannotStart(command[0], launcher_status["errno"], launcher_status["error"])
    return ExitInfo(
        code,
        launcher_status.get("names", ""),
        launcher_status.get("why", ""),
        _wait_for_group(process.pid),
    )


class CannotStart(FakefalError):
    """A command that is not found (``code`` 127) or not executable (126)."""

    def __init__(self, name: str, number: int, reason: str) -> None:
        is_missing = isinstance(OSError(number, reason), (FileNotFoundError, NotADirectoryError))
        self.code = NOT_FOUND if is_missing else NOT_EXECUTABLE
        problem = "not found" if is_missing else f"cannot be run: {reason}"
        super().__init__(f"{name}: {problem} — what follows -- is a program and its arguments")


def _read_launcher_status(status: Any) -> dict[str, Any]:
    """The messages of the launcher up to its ``exec``, merged."""
    launcher_status: dict[str, Any] = {}
    for line in status:
        launcher_status.update(json.loads(line))
    return launcher_status


def _run_without_groups(command: Sequence[str], env: Mapping[str, str]) -> ExitInfo:
    """For Windows, where the console sends Ctrl-C to both processes."""
    try:
        process = subprocess.Popen(command, env=dict(env))
    except OSError as error:
        raise CannotStart(command[0], error.errno or 0, error.strerror or str(error)) from None
    while True:
        with suppress(KeyboardInterrupt):
            return ExitInfo(process.wait())


def _is_in_foreground() -> bool:
    """Whether there is a terminal and this process is in its foreground group."""
    return _foreground_group() == os.getpgrp()


def _foreground_group() -> int | None:
    """The terminal's foreground process group; None without a terminal."""
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
    """Make a process group the terminal's foreground group."""
    # tcsetpgrp() from the background sends SIGTTOU to the caller unless it is blocked (POSIX).
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
    """Wait for a process to exit; returns its exit code. Ctrl-Z stops this process as well."""
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            _stop_with(pid)
        elif os.WIFSIGNALED(status):
            return _SIGNAL_EXIT_BASE + os.WTERMSIG(status)
        else:
            return os.WEXITSTATUS(status)


def _stop_with(pid: int) -> None:
    """Stop this process, so that the shell shows its prompt; continue both later."""
    if _foreground_group() is None:
        return
    os.kill(os.getpid(), signal.SIGSTOP)
    if _is_in_foreground():
        _give_terminal(pid)
    with suppress(OSError):
        os.killpg(pid, signal.SIGCONT)


def _wait_for_group(group: int) -> tuple[str, ...]:
    """The processes that still run a second after the command: its own ones end with it or soon."""
    members: list[str] = []
    for _ in range(_GRACE_STEPS):
        found = group_members(group)
        members = _members_by_signal(group) if found is None else found
        if not members:
            break
        select.select([], [], [], _GRACE_STEP_SECONDS)
    return tuple(members)


def _members_by_signal(group: int) -> list[str]:
    """For systems without /proc; zombies count there."""
    try:
        os.killpg(group, 0)
    except OSError:
        return []
    return ["a process of its group"]


@contextmanager
def _forward_signals(pid: int) -> Iterator[None]:
    """Forward signals to the command while the block runs."""

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
    """Whether a signal is not ignored: ``nohup`` ignores SIGHUP, and that must stay so."""
    return signal.getsignal(number) not in (signal.SIG_IGN, None)
