"""Finds the process at the other end of a local connection; Linux only."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_PROC = Path("/proc")
_MAX_COMMAND = 120
Address = tuple[str, int]


def find_process(
    local: Address, remote: Address, proc: Path = _PROC
) -> tuple[int, tuple[str, ...]]:
    """The id and command line of the process with a socket from ``local`` to ``remote``, IPv4.

    ``(0, ())`` if it is unknown: another user's process, another system, or ended already.
    """
    inode = _inode(_hex(local), _hex(remote), proc)
    if not inode:
        return 0, ()
    socket_link = f"socket:[{inode}]"
    for process in proc.iterdir():
        if process.name.isdigit() and _holds(process / "fd", socket_link):
            return int(process.name), _command(process)
    return 0, ()


def group_members(group: int, proc: Path = _PROC) -> list[str] | None:
    """The commands of a process group's living members: ``node server.js (pid 12)``.

    Without zombies: they have ended, and wait only for their parent (proc_pid_stat(5), state Z).
    None if this system has no /proc.
    """
    if not (proc / "self").exists():
        return None
    members = []
    for process in sorted(proc.iterdir()):
        if not process.name.isdigit():
            continue
        try:
            # The name in parentheses may contain anything, so the fields are read after the last.
            fields = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] not in ("Z", "X"):
            command = " ".join(_command(process)) or "a process"
            members.append(f"{command[:_MAX_COMMAND]} (pid {process.name})")
    return members


def _inode(local: str, remote: str, proc: Path) -> str:
    """The inode of a socket; IPv6 sockets with IPv4-mapped addresses are in tcp6."""
    mapped = "0000000000000000FFFF0000"
    for table, prefix in (("net/tcp", ""), ("net/tcp6", mapped)):
        try:
            lines = (proc / table).read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        for line in lines[1:]:
            fields = line.split()
            if fields[1] == prefix + local and fields[2] == prefix + remote:
                return fields[9]
    return ""


def _hex(address: Address) -> str:
    """An address as the kernel prints it: the number in host byte order, then the port."""
    number = int.from_bytes(socket.inet_aton(address[0]), "little")
    return f"{number:08X}:{address[1]:04X}"


def _holds(folder: Path, socket_link: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(os.readlink(entry.path) == socket_link for entry in entries)
    except OSError:
        return False


def _command(process: Path) -> tuple[str, ...]:
    try:
        words = (process / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return ()
    return tuple(word.decode(errors="replace") for word in words)
