"""The Ed25519 keys that sign a tenant's webhooks, and their JWKS."""

from __future__ import annotations

import math
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fakefal.protocol.webhooks import public_key
from fakefal.scenario.compiled.webhooks import CompiledJwks
from fakefal.scenario.values.seeded import digest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_UNKNOWN = "unknown"
"""The name of a key that is never published."""

_SPARE = "spare"
"""The name of a key that is published and signs nothing."""


class SigningKeys:
    """Key pairs derived from the seed, so that equal runs produce equal signatures.

    The key is replaced every ``compiled_jwks.rotate_seconds`` and by every call of ``rotate``; the
    old key is no longer published.
    """

    def __init__(self, seed: int, compiled_jwks: CompiledJwks, started_at: float) -> None:
        self.compiled_jwks = compiled_jwks
        self._seed = seed
        self._started_at = started_at
        self._rotations = 0
        self._error_count = 0

    def rotate(self) -> None:
        """Sign with a new key from now on."""
        self._rotations += 1

    def publish_as(self, compiled_jwks: CompiledJwks, now: float) -> None:
        """Replace the settings of the JWKS; the rotation period restarts now."""
        self._rotations = self.generation(now)
        self._started_at = now
        self._error_count = 0
        self.compiled_jwks = compiled_jwks

    def generation(self, now: float) -> int:
        """The number of keys used before the current one."""
        period_seconds = self.compiled_jwks.rotate_seconds
        if period_seconds == math.inf:
            return self._rotations
        passed_periods = int(max(0.0, now - self._started_at) / period_seconds)
        return self._rotations + passed_periods

    def sign(self, message: bytes, now: float) -> str:
        """The signature by the current key: 128 hex characters."""
        return _key(self._seed, str(self.generation(now))).sign(message).hex()

    def sign_unknown(self, message: bytes) -> str:
        """A signature that no published key verifies."""
        return _key(self._seed, _UNKNOWN).sign(message).hex()

    def jwks(self, now: float) -> dict[str, Any]:
        """The published keys: ``{"keys": [{"kty": "OKP", …}]}`` (RFC 8037 section 2)."""
        if self.compiled_jwks.is_empty:
            return {"keys": []}
        names, count = [str(self.generation(now))], self.compiled_jwks.keys
        if count is None:
            names.append(_SPARE)
        else:
            names[:0] = [f"{_SPARE} {index}" for index in range(1, count)]
        return {"keys": [_published_key(self._seed, name) for name in names]}

    def next_error_status(self) -> int:
        """The error status to send instead of the JWKS, 0 for none. Counts against ``times``."""
        jwks = self.compiled_jwks
        if not jwks.status or (jwks.times is not None and self._error_count >= jwks.times):
            return 0
        self._error_count += 1
        return jwks.status


@lru_cache(maxsize=64)
def _key(seed: int, name: str) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # takes 20 ms

    return Ed25519PrivateKey.from_private_bytes(digest("webhook key", str(seed), name))


@lru_cache(maxsize=64)
def _published_key(seed: int, name: str) -> dict[str, Any]:
    kid = urlsafe_b64encode(digest("webhook kid", str(seed), name)).rstrip(b"=").decode()
    return public_key(_key(seed, name).public_key().public_bytes_raw(), kid)
