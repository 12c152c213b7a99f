"""The keys that sign a tenant's webhooks, and how they are published."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fakefal.protocol.webhooks import public_key
from fakefal.scenario.compiled.webhooks import CompiledJwks
from fakefal.scenario.values.seeded import digest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_UNKNOWN = "unknown"
"""Names a key that is never published."""


class SigningKeys:
    """Key pairs that follow from the seed, so that equal runs sign alike.

    A new key comes into use each time that ``plan.rotate_seconds`` have passed, and whenever
    ``rotate`` is called; the old one is withdrawn.
    """

    def __init__(self, seed: int, plan: CompiledJwks, started_at: float) -> None:
        self.plan = plan
        self._seed = seed
        self._started_at = started_at
        self._rotations = 0
        self._error_count = 0

    def rotate(self) -> None:
        """Take a new key."""
        self._rotations += 1

    def publish_as(self, plan: CompiledJwks, now: float) -> None:
        """Publish the keys in another way from now on; a rotation begins to count."""
        self._rotations = self.generation(now)
        self._started_at = now
        self._error_count = 0
        self.plan = plan

    def generation(self, now: float) -> int:
        """How many keys were in use before the present one."""
        period_seconds = self.plan.rotate_seconds
        passed_periods = (
            0
            if period_seconds == math.inf
            else int(max(0.0, now - self._started_at) / period_seconds)
        )
        return self._rotations + passed_periods

    def sign(self, message: bytes, now: float) -> str:
        """The signature of the key in use: 128 hex characters."""
        return _key(self._seed, str(self.generation(now))).sign(message).hex()

    def sign_unknown(self, message: bytes) -> str:
        """A signature that no published key verifies."""
        return _key(self._seed, _UNKNOWN).sign(message).hex()

    def jwks(self, now: float) -> dict[str, Any]:
        """The keys as they are published: ``{"keys": [{"kty": "OKP", …}]}``."""
        if self.plan.is_empty:
            return {"keys": []}
        generation = self.generation(now)
        spare_names = [f"spare {index}" for index in range(1, self.plan.keys)]
        return {
            "keys": [_published_key(self._seed, name) for name in (*spare_names, str(generation))]
        }

    def next_error_status(self) -> int:
        """The status that is answered in place of the keys; 0 if they are given. It counts."""
        plan = self.plan
        if not plan.status or (plan.times is not None and self._error_count >= plan.times):
            return 0
        self._error_count += 1
        return plan.status


@lru_cache(maxsize=64)
def _key(seed: int, name: str) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # takes 20 ms

    return Ed25519PrivateKey.from_private_bytes(digest("webhook key", str(seed), name))


@lru_cache(maxsize=64)
def _published_key(seed: int, name: str) -> dict[str, Any]:
    kid = digest("webhook kid", str(seed), name).hex()[:16]
    return public_key(_key(seed, name).public_key().public_bytes_raw(), kid)
