"""API keys created and revoked through the Platform API."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fakefal.scenario.values.seeded import digest

_MAX_KEYS = 1_000


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """One key. ``owner`` is the key that created it, ``created_at`` an instant,
    ``scope`` the name of a scope or preset.
    """

    key_id: str
    secret: str
    alias: str
    created_at: float
    owner: str
    scope: str = "API"

    @property
    def token(self) -> str:
        """The whole key: ``id:secret``."""
        return f"{self.key_id}:{self.secret}"


class IssuedKeys:
    """At most a thousand keys; the oldest is dropped first.

    Ids and secrets are derived from the seed. ``on_revoked`` receives the token of a revoked key.
    """

    def __init__(self, seed: int, on_revoked: Callable[[str], None]) -> None:
        self._seed = str(seed)
        self._on_revoked = on_revoked
        self._keys: OrderedDict[str, IssuedKey] = OrderedDict()
        self._scopes: dict[str, str] = {}
        self._revoked: OrderedDict[str, None] = OrderedDict()
        self._count = 0

    def issue(self, owner: str, alias: str, now: float, scope: str = "API") -> IssuedKey:
        """Create a key; it is valid immediately."""
        self._count += 1
        hex_digest = digest("key", self._seed, owner, str(self._count)).hex()
        key_id = (
            f"{hex_digest[:8]}-{hex_digest[8:12]}-4{hex_digest[13:16]}"
            f"-8{hex_digest[17:20]}-{hex_digest[20:32]}"
        )
        key = IssuedKey(key_id, hex_digest[32:], alias, now, owner, scope)
        self._keys[key_id] = key
        self._scopes[key.token] = scope
        if len(self._keys) > _MAX_KEYS:
            self._forget(next(iter(self._keys)))
        return key

    def revoke(self, owner: str, key_id: str) -> bool:
        """Revoke a key; False if the owner has no key with this id."""
        key = self._keys.get(key_id)
        if key is None or key.owner != owner:
            return False
        self._forget(key_id)
        self._revoked[key.token] = None
        if len(self._revoked) > _MAX_KEYS:
            self._revoked.popitem(last=False)
        self._on_revoked(key.token)
        return True

    def owned_by(self, owner: str) -> list[IssuedKey]:
        """The keys created by one key, newest first."""
        return [key for key in reversed(self._keys.values()) if key.owner == owner]

    def is_valid(self, token: str) -> bool:
        """Whether a key was issued here and is not revoked."""
        return token in self._scopes

    def scope_of(self, token: str) -> str | None:
        """The scope of a key; None for one that was not issued here."""
        return self._scopes.get(token)

    def is_revoked(self, token: str) -> bool:
        """Whether a key was issued here and revoked."""
        return token in self._revoked

    def _forget(self, key_id: str) -> None:
        self._scopes.pop(self._keys.pop(key_id).token, None)
