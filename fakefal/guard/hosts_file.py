"""A private hosts file: fal's names lead to this machine, for a command and its children alone."""

from __future__ import annotations

import re

from fakefal.protocol.core.hosts import CANONICAL_HOSTS, is_fal_host

_DEFAULT_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
_HOSTS_LINE = re.compile(r"^\s*hosts:.*$", re.MULTILINE)


def guard_address(number: int) -> str:
    """An address of this machine that nobody else uses, from a number such as a process id."""
    return f"127.86.{number // 254 % 254 + 1}.{number % 254 + 1}"


def hosts_text(existing: str, address: str) -> str:
    """A hosts file that has all known names of fal at an IPv4 address, and keeps the rest.

    The IPv6 form of the same address is there too, else who asks for that alone would ask the DNS.
    """
    lines = [_without_fal(line) for line in (existing or _DEFAULT_HOSTS).splitlines()]
    names = " ".join(CANONICAL_HOSTS)
    return "\n".join([f"{address} {names}", f"::ffff:{address} {names}", *lines, ""])


def nsswitch_text(existing: str) -> str:
    """An nsswitch.conf that asks the hosts file before anything else.

    A resolver that is a service (systemd-resolved) would answer from the real hosts file.
    """
    line = "hosts: files dns"
    if _HOSTS_LINE.search(existing) is None:
        return f"{existing.rstrip()}\n{line}\n".lstrip()
    return _HOSTS_LINE.sub(line, existing)


def _without_fal(line: str) -> str:
    entry, _, _ = line.partition("#")
    address, *names = entry.split() or [""]
    if not any(is_fal_host(name) for name in names):
        return line
    other_names = [name for name in names if not is_fal_host(name)]
    return " ".join((address, *other_names)) if other_names else ""
