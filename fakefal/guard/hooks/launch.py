"""Execs a command in its own process group, and with a private hosts file.

Called as ``python -I -S launch.py PLAN COMMAND…``. PLAN is JSON: ``status`` is a file descriptor
for results (one JSON object a line), ``hosts`` and ``nsswitch.conf`` are files to mount over those
in /etc or null, ``terminal`` is whether to take the terminal, ``open_files`` a limit or null.
POSIX, standard library only.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import sys
from typing import Any, NoReturn

_NEW_NAMES = 0x00020000  # CLONE_NEWNS
_NEW_USER = 0x10000000  # CLONE_NEWUSER
_BIND = 0x1000  # MS_BIND
_FOLLOWING = 0x80000 | 0x4000  # MS_SLAVE | MS_REC
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_CACHES = ("/run/nscd/socket", "/var/run/nscd/socket")
"""Sockets of nscd, which answers lookups from the real hosts file."""


def _libc() -> Any:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        import ctypes

        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def die_with_parent() -> None:
    """Have the kernel send SIGTERM when the parent process ends; Linux only."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            _libc().prctl(_DEATH_SIGNAL, int(signal.SIGTERM), 0, 0, 0)


def take_terminal() -> None:
    """Make this process group the terminal's foreground group, which gets Ctrl-C and input.

    SIGTTOU is blocked meanwhile: it stops a background group that calls tcsetpgrp.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
        os.tcsetpgrp(terminal, os.getpgrp())
        os.close(terminal)
    except OSError:
        return
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTTOU})


def limit_files(number: int) -> None:
    """Lower the limit of open files to what the command would have without fakefal."""
    import resource

    with contextlib.suppress(ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))


def mount_files(files: dict[str, str]) -> str:
    """Mount files over others in a new mount namespace, for this process and its children.

    ``files`` are sources by target. Returns the privilege that allowed it, ``root`` or
    ``user namespace``; raises OSError.
    """
    libc = _libc()
    if os.geteuid() == 0:
        _check(libc.unshare(_NEW_NAMES), "a mount namespace")
        privilege = "root"
    else:
        user, group = os.geteuid(), os.getegid()
        _check(libc.unshare(_NEW_USER | _NEW_NAMES), "a user namespace")
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
        privilege = "user namespace"
    _check(libc.mount(b"none", b"/", None, _FOLLOWING, None), "private mounts")
    for target, source in files.items():
        _check(libc.mount(os.fsencode(source), target.encode(), None, _BIND, None), target)
    for cache in _CACHES:
        if os.path.exists(cache):
            libc.mount(b"/dev/null", cache.encode(), None, _BIND, None)
    return privilege


def reason_blocked(files: dict[str, str]) -> str:
    """Try ``mount_files`` in a child process; returns why it fails, or an empty string.

    A failure halfway would leave the command in a user namespace where it is user nobody.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            mount_files(files)
        except (OSError, AttributeError) as error:
            os.write(writing, str(getattr(error, "strerror", None) or error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        reason = pipe.read().decode()
    os.waitpid(child, 0)
    return reason


def exec_command(command: list[str]) -> NoReturn:
    """Replace this process by a command; a script without ``#!`` runs in the shell."""
    try:
        os.execvp(command[0], command)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    os.execv("/bin/sh", ["sh", *command])


def main(plan: dict[str, Any], command: list[str]) -> int:
    """Follow the plan and exec the command; returns an exit code if that fails."""
    status = int(plan["status"])
    os.set_inheritable(status, False)
    die_with_parent()
    os.setpgid(0, 0)
    if plan["terminal"]:
        take_terminal()
    if plan.get("open_files") is not None:
        limit_files(plan["open_files"])
    names, reason = "", ""
    files = {f"/etc/{name}": plan[name] for name in ("hosts", "nsswitch.conf") if plan.get(name)}
    if files and not (reason := reason_blocked(files)):
        names = mount_files(files)
    os.write(status, json.dumps({"names": names, "why": reason}).encode() + b"\n")
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and exec keeps that
    try:
        exec_command(command)
    except OSError as error:
        failure = {"errno": error.errno, "error": error.strerror or str(error)}
        os.write(status, json.dumps(failure).encode() + b"\n")
        return 127


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
