"""The fal hosts, their backup and older names, and what each stands for."""

from __future__ import annotations

from functools import lru_cache

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

MEDIA_HOSTS = frozenset((MEDIA_V3, MEDIA_V3B, MEDIA_V1))
"""The hosts of files: bodies sent there are bytes of files, and links there lead to them."""

CANONICAL_HOSTS: dict[str, str] = {
    **{name: name for name in (RUN, QUEUE, WS, REST, MEDIA_V3, MEDIA_V3B, MEDIA_V1)},
    **{name: name for name in (API, SITE, AUTH, WEBRTC)},
    "falrun.com": RUN,
    "queue.falrun.com": QUEUE,
    "gateway.fal.ai": RUN,
    "gateway.alpha.fal.ai": RUN,
    "rest.alpha.fal.ai": REST,
    "www.fal.ai": SITE,
}
"""Every name that reaches fal, and the host it is another name of.

The backup names take a replay of the same request, key and all, when a connection fails, so a fake
must own them too. Source: protocol.md section 1 (client: fal_client 1.0.3 client.py).
"""

BACKUP_HOSTS = frozenset(("falrun.com", "queue.falrun.com"))
"""Names that lead to fal another way; they answer while the usual ones are out of reach."""

DOMAINS = ("fal.run", "fal.ai", "fal.media", "falrun.com")
"""What is under these is fal's, though nobody here knows what it would answer."""


@lru_cache(maxsize=1024)
def canonical_host(name: str) -> str | None:
    """The fal host that a host name stands for, or None if it is not fal's.

    Case, a trailing dot and a port do not matter: ``Queue.FAL.run:443`` is ``queue.fal.run``.
    """
    host = CANONICAL_HOSTS.get(name)
    if host is not None:
        return host
    bare = name.rsplit(":", 1)[0] if ":" in name else name
    return CANONICAL_HOSTS.get(bare.rstrip(".").lower())


@lru_cache(maxsize=1024)
def is_fal_host(name: str) -> bool:
    """Whether a host name is fal's, known to us or not; a port does not matter."""
    bare = name.rsplit(":", 1)[0] if ":" in name else name
    bare = bare.rstrip(".").lower()
    return any(bare == domain or bare.endswith(f".{domain}") for domain in DOMAINS)


@lru_cache(maxsize=1024)
def host_group(name: str) -> str:
    """What a host that is down is known by: a backup name by itself, every other by its host."""
    bare = (name.rsplit(":", 1)[0] if ":" in name else name).rstrip(".").lower()
    return bare if bare in BACKUP_HOSTS else canonical_host(bare) or bare
