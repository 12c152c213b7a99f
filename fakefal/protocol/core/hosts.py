"""fal's hosts, with their backup names and older names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from weakref import WeakKeyDictionary

RUN = "fal.run"
QUEUE = "queue.fal.run"
WS = "ws.fal.run"
REST = "rest.fal.ai"
MEDIA_V3 = "v3.fal.media"
MEDIA_V3B = "v3b.fal.media"
MEDIA_V1 = "fal.media"
API = "api.fal.ai"
SITE = "fal.ai"
AUTH = "auth.fal.ai"
WEBRTC = "wma.fal.run"
KV = "kv.fal.media"

MEDIA_HOSTS = frozenset((MEDIA_V3, MEDIA_V3B, MEDIA_V1))
"""The CDN hosts, which store and serve files."""

TOKEN_HOSTS = MEDIA_HOSTS | {KV}
"""Hosts where a bearer credential is a CDN token, not a key."""

CANONICAL_HOSTS: dict[str, str] = {
    **{name: name for name in (RUN, QUEUE, WS, REST, MEDIA_V3, MEDIA_V3B, MEDIA_V1)},
    **{name: name for name in (API, SITE, AUTH, WEBRTC, KV)},
    "falrun.com": RUN,
    "queue.falrun.com": QUEUE,
    "gateway.fal.ai": RUN,
    "gateway.alpha.fal.ai": RUN,
    "rest.alpha.fal.ai": REST,
    "www.fal.ai": SITE,
}
"""The canonical host of each of fal's names.

Clients repeat a failed request, key included, at the backup names, so the fake must serve those
too. Source: client (docs/reference/protocol.md#backup-domains).
"""

BACKUP_HOSTS = frozenset(("falrun.com", "queue.falrun.com"))
"""The backup names; they stay up when a fault takes the main names down."""

DOMAINS = ("fal.run", "fal.ai", "fal.media", "falrun.com")
"""fal's domains. The fake has no responses for subdomains other than the hosts above."""


@lru_cache(maxsize=1024)
def canonical_host(name: str) -> str | None:
    """The canonical host of a name; None if the fake does not serve it.

    An added host is its own canonical host.

    Case, a trailing dot and a port are ignored: ``Queue.FAL.run:443`` is ``queue.fal.run``.
    """
    host = CANONICAL_HOSTS.get(name)
    if host is not None:
        return host
    bare = (name.rsplit(":", 1)[0] if ":" in name else name).rstrip(".").lower()
    return CANONICAL_HOSTS.get(bare) or (bare if bare in added_hosts() else None)


@lru_cache(maxsize=1024)
def is_fal_host(name: str) -> bool:
    """Whether a host name, with or without a port, is in one of fal's domains."""
    bare = name.rsplit(":", 1)[0] if ":" in name else name
    bare = bare.rstrip(".").lower()
    return any(bare == domain or bare.endswith(f".{domain}") for domain in DOMAINS)


@lru_cache(maxsize=1024)
def host_group(name: str) -> str:
    """The key by which a host is taken down: a backup name itself, else the canonical host."""
    bare = (name.rsplit(":", 1)[0] if ":" in name else name).rstrip(".").lower()
    return bare if bare in BACKUP_HOSTS else canonical_host(bare) or bare


_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*"
)

_added_hosts: WeakKeyDictionary[object, frozenset[str]] = WeakKeyDictionary()
"""Hosts that are not fal's and that the fake serves as well, by who needs them.

The whole process knows them, as the redirection of sockets knows no tenant.
"""


_served_hosts: frozenset[str] = frozenset()
"""Replaced as a whole, as other threads read it."""


def is_host_name(name: str) -> bool:
    """Whether a text is a full host name in lower case: ``router.huggingface.co``."""
    return _HOST_NAME.fullmatch(name) is not None


def added_hosts() -> frozenset[str]:
    """The hosts that are served besides fal's."""
    return _served_hosts


def add_hosts(owner: object, names: Iterable[str]) -> None:
    """Serve other hosts too, as long as the owner lives; replaces the owner's earlier hosts."""
    global _served_hosts
    added = frozenset(names)
    if added == _added_hosts.get(owner, frozenset()):
        return
    if added:
        _added_hosts[owner] = added
    else:
        del _added_hosts[owner]
    _served_hosts = frozenset().union(*_added_hosts.values())
    canonical_host.cache_clear()
    host_group.cache_clear()


def remove_hosts(owner: object) -> None:
    """Stop serving what ``add_hosts`` added for the owner."""
    add_hosts(owner, ())


def other_hosts(names: Iterable[str]) -> Iterator[str]:
    """The hosts among these that are not fal's."""
    return (name for name in names if name not in CANONICAL_HOSTS)
