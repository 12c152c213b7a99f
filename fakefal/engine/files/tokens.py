"""Short-lived tokens: real JWTs, signed with a secret of the tenant.

Clients judge ``exp`` and ``iat`` by their own watch, so these are of the system's time by default.
The server goes by ``clock_exp``, the expiry on the tenant's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fakefal.engine.core.clock import Clock, time_for_others
from fakefal.protocol.core.compat_flags import TimeSource
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.json_codec import iso
from fakefal.protocol.errors.errors import forbidden_application
from fakefal.protocol.storage.storage import unauthorized
from fakefal.scenario.values.seeded import digest

ISSUER = "fakefal"
TokenUse = Literal["apps", "cdn", "read"]
"""What a token allows: calls to apps, uploads, or reading one file."""

_MAX_TOKEN_LENGTH = 8_192


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a token. ``apps`` are app aliases; ``file_id`` is the only readable file."""

    use: TokenUse
    expires_at: float
    apps: tuple[str, ...] = ()
    file_id: str = ""


class Tokens:
    """Issues and verifies the tokens of one tenant; their subject is its ``tenant_tag``."""

    def __init__(
        self,
        tenant_tag: str,
        seed: int,
        key: str,
        clock: Clock,
        time_source: Callable[[], TimeSource],
    ) -> None:
        self.secret = digest("tokens", str(seed), key)
        self._tenant_tag = tenant_tag
        self._clock = clock
        self._time_source = time_source
        self._count = 0

    def issue(
        self, use: TokenUse, seconds: float, *, apps: Sequence[str] = (), file_id: str = ""
    ) -> tuple[str, float]:
        """A new token, and the instant at which it expires by the client's watch."""
        import jwt  # takes 20 ms, and most servers never issue a token

        issued_at = time_for_others(self._clock, self._time_source())
        expires_at = self._clock.later(issued_at, seconds)
        self._count += 1
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": self._tenant_tag,
            "use": use,
            "iat": issued_at,
            "exp": expires_at,
            "clock_exp": self._clock.later(self._clock.now(), seconds),
            "jti": str(self._count),
        }
        if apps:
            claims["allowed_apps"] = list(apps)
        if file_id:
            claims["file"] = file_id
        return jwt.encode(claims, self.secret, "HS256"), expires_at

    def read(self, token: str, use: TokenUse) -> Claims:
        """The verified claims; raises the 401 of a forged or expired token, or for another use."""
        import jwt

        try:
            payload = jwt.decode(
                token,
                self.secret,
                ["HS256"],
                issuer=ISSUER,
                # PyJWT compares with the system's time; ours is the tenant's clock, below.
                options={"verify_exp": False, "verify_iat": False, "require": ["clock_exp", "use"]},
            )
            expires_at = float(payload["clock_exp"])
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise unauthorized(f"the token was not issued by this server: {error}") from None
        if payload["use"] != use:
            raise unauthorized(f"the token is for {payload['use']}, not for {use}")
        if self._clock.now() >= expires_at:
            raise unauthorized(f"the token expired at {iso(expires_at)}")
        apps = tuple(map(str, payload.get("allowed_apps", ())))
        return Claims(use, expires_at, apps, str(payload.get("file", "")))

    def check_grant(self, token: str, endpoint: EndpointId) -> None:
        """Raise the 401 of an invalid token, the 403 of one for other apps.

        A token lists aliases, not endpoints. Source: client (docs/reference/protocol.md#tokens,
        docs/reference/errors.md#account-and-routing-errors)
        """
        if endpoint.alias not in self.read(token, "apps").apps:
            raise forbidden_application(endpoint.app)


def claimed_tenant_tag(token: str) -> str | None:
    """The tenant tag in an unverified token; None if it is not a token of this server.

    The tenant has to verify the token.
    """
    if token.count(".") != 2 or len(token) > _MAX_TOKEN_LENGTH:
        return None
    import jwt

    try:
        payload = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    sub = payload.get("sub")
    return sub if payload.get("iss") == ISSUER and isinstance(sub, str) else None
