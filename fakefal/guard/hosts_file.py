"""A private hosts file, for one command: fal's host names resolve to an address of this machine."""

from __future__ import annotations

import re

from fakefal.protocol.core.hosts import CANONICAL_HOSTS, added_hosts, is_fal_host

_DEFAULT_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
_HOSTS_LINE = re.compile(r"^\s*hosts:.*$", re.MULTILINE)


def guard_address(number: int) -> str:
    """A loopback address for one run, from a number such as a process id."""
    return f"127.86.{number // 254 % 254 + 1}.{number % 254 + 1}"


def hosts_text(existing: str, address: str) -> str:
    """The hosts file with all known hosts of fal at an IPv4 address; other lines are kept.

    The IPv4-mapped IPv6 address is added, as lookups of AAAA alone would otherwise go to DNS.
    """
    lines = [_without_fal(line) for line in (existing or _DEFAULT_HOSTS).splitlines()]
    names = " ".join((*CANONICAL_HOSTS, *sorted(added_hosts())))
    return "\n".join([f"{address} {names}", f"::ffff:{address} {names}", *lines, ""])


def nsswitch_text(existing: str) -> str:
    """An nsswitch.conf that reads the hosts file first.

    A resolver that runs as a service (systemd-resolved) would answer from the real hosts file.
    """
    line = "hosts: files dns"
    if _HOSTS_LINE.search(existing) is None:
        return f"{existing.rstrip()}\n{line}\n".lstrip()
    return _HOSTS_LINE.sub(line, existing)


def _is_served(name: str) -> bool:
    return is_fal_host(name) or name.rstrip(".").lower() in added_hosts()


def _without_fal(line: str) -> str:
    entry, _, _ = line.partition("#")
    address, *names = entry.split() or [""]
    other_names = [name for name in names if not _is_served(name)]
    if other_names == names:
        return line
    return " ".join((address, *other_names)) if other_names else ""
