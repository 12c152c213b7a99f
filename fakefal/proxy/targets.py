"""Targets of proxy requests: the ``host:port`` of a CONNECT, or an absolute URL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

_LONGEST_NAME = 253
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """A host (a lower-case name, or an IP address without brackets) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_authority(text: str) -> Target | None:
    """The target of a CONNECT, ``queue.fal.run:443`` or ``[::1]:443``; None if it is invalid.

    The port is required (RFC 9110 section 9.3.6).
    """
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= 65_535):
        return None
    return _target(host, int(port))


def read_url(text: str) -> Target | None:
    """The host and port of an absolute URL; None if it is invalid or its scheme has no port."""
    try:
        parts = urlsplit(text)
        port = parts.port or _PORTS.get(parts.scheme)
        host = parts.hostname or ""
    except ValueError:
        return None
    return None if port is None else _target(f"[{host}]" if ":" in host else host, port)


def _target(host: str, port: int) -> Target | None:
    if host.startswith("["):
        bare = host[1:-1]
        return Target(bare, port) if host.endswith("]") and is_ip_address(bare) else None
    bare = host.rstrip(".").lower()
    is_name = len(bare) <= _LONGEST_NAME and _NAME.fullmatch(bare) is not None
    return Target(bare, port) if is_name and ".." not in bare else None


def is_ip_address(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address, without brackets."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
