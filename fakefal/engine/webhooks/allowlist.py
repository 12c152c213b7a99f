"""Where webhooks may go: never to a stranger by mistake."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network

_LOCAL = tuple(
    ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
    )
)
"""Loopback and private networks; not link-local ones, where clouds keep their secrets."""


class Targets:
    """Loopback and private addresses, and the hosts that were named."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._allow = frozenset(map(_bare, allow))

    def objection(self, scheme: str, host: str) -> str:
        """What speaks against a URL before its host is looked up; empty if nothing does."""
        if scheme not in ("http", "https"):
            return "webhooks go to http:// and https:// URLs only"
        if not host:
            return "the URL names no host"
        try:
            ip_address(_bare(host))
        except ValueError:
            return ""
        return self.objection_to_address(host, host)

    def objection_to_address(self, host: str, address: str) -> str:
        """What speaks against connecting to an address that a host has."""
        if _bare(host) in self._allow or is_local(address):
            return ""
        bare = _bare(host)
        who = bare if bare == _bare(address) else f"{bare} is {address}, which"
        return f"{who} is neither loopback nor private — allow it with --webhook-allow {bare}"


def is_local(address: str) -> bool:
    """Whether an IP address is loopback or private."""
    try:
        found = ip_address(_bare(address))
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in _LOCAL)


def _bare(host: str) -> str:
    return host.strip().strip("[]").partition("%")[0].rstrip(".").lower()
