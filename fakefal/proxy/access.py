"""Who may use the proxy for other hosts than fal's, on a server that other machines can reach.

Without this, the services on the server's own machine, and all that it can reach, would be open to
every machine that can reach the proxy (CWE-441).
"""

from __future__ import annotations

import hmac
import ipaddress
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from typing import Any, Final

AUTHENTICATE: Final = 'Basic realm="fakefal"'
"""The challenge of a 407. Source: RFC 7617, RFC 9110 section 11.7"""


def may_reach_others(headers: Mapping[str, str], peer: Any, token: str | None) -> bool:
    """Whether a caller may reach hosts other than fal's.

    ``token`` is that of the control API; None on a server that only this machine can reach.
    ``peer`` is the caller's socket address. Programs on this machine need no token: they reach its
    services without the proxy.
    """
    if token is None or _is_loopback(peer):
        return True
    sent = _sent_token(headers)
    return hmac.compare_digest(sent.encode("utf-8", "replace"), token.encode("utf-8", "replace"))


def _sent_token(headers: Mapping[str, str]) -> str:
    """The token in ``Proxy-Authorization``: a bearer token, or the password of ``Basic``."""
    scheme, _, value = headers.get("Proxy-Authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except (Error, ValueError):
        return ""


def _is_loopback(peer: Any) -> bool:
    """Whether a socket address is of this machine; that of a Unix socket is a text."""
    if not isinstance(peer, tuple) or not peer:
        return isinstance(peer, (str, bytes))
    try:
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
