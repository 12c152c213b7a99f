"""Where webhooks may be sent, so that a test cannot post to a real host by mistake."""

from __future__ import annotations

import re
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
"""Loopback and private networks (RFC 1918, RFC 4193).

Link-local addresses are not allowed: cloud metadata services at 169.254.169.254 hand out secrets.
"""

_NUMERIC_END = re.compile(r"(^|\.)([0-9]+|0x[0-9a-f]*)$")
"""Hosts that system libraries read as an IPv4 address, such as 134744072 and 0x8.8.2056.

They would be connected without a lookup whose result is checked.
Source: https://url.spec.whatwg.org/#ends-in-a-number-checker
"""


class WebhookAllowlist:
    """Allows loopback and private addresses, and the named hosts."""

    def __init__(self, allowed_hosts: Iterable[str] = ()) -> None:
        self._allowed_hosts = frozenset(map(_normalized, allowed_hosts))

    def reason_blocked(self, scheme: str, host: str) -> str:
        """Why a URL is blocked before its host is resolved; empty if it is not."""
        if scheme not in ("http", "https"):
            return "webhooks go to http:// and https:// URLs only"
        if not host:
            return "the URL names no host"
        try:
            ip_address(_normalized(host))
        except ValueError:
            if _NUMERIC_END.search(_normalized(host)):
                return f"invalid URL: {host} is a number, not a host name — write a.b.c.d"
            return ""
        return self.reason_address_blocked(host, host)

    def reason_address_blocked(self, host: str, address: str) -> str:
        """Why a connection to an address of a host is blocked; empty if it is not.

        Checked again after the lookup, as a public name may resolve to a public address.
        """
        hostname = _normalized(host)
        if hostname in self._allowed_hosts or is_local(address):
            return ""
        is_literal = hostname == _normalized(address)
        subject = hostname if is_literal else f"{hostname} is {address}, which"
        return (
            f"{subject} is neither loopback nor private — allow it with --webhook-allow {hostname}"
        )


def is_local(address: str) -> bool:
    """Whether an IP address is loopback or private."""
    try:
        ip = ip_address(_normalized(address))
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in network for network in _LOCAL)


def _normalized(host: str) -> str:
    return host.strip().strip("[]").partition("%")[0].rstrip(".").lower()
