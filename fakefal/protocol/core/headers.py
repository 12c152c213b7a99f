"""Header names of fal's protocol, which of them are credentials, and how a key is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from fakefal.protocol.core.credentials import SECRET_HEADERS, SECRET_IN_URL, SECRET_PARAMETERS

REQUEST_ID = "x-fal-request-id"
BILLABLE_UNITS = "x-fal-billable-units"
ERROR_TYPE = "X-Fal-Error-Type"
TIMEOUT_TYPE = "X-Fal-Request-Timeout-Type"
NEEDS_RETRY = "X-Fal-Needs-Retry"
RETRYABLE = "X-Fal-Retryable"
TARGET_URL = "x-fal-target-url"
TARGET_HOST = "x-fal-target-host"

HINT = "x-fakefal-hint"
"""Our own explanation beside a fal-shaped error; fal never sends it."""

CREDENTIALS = SECRET_HEADERS
"""Headers whose values are secrets."""

CREDENTIAL_PARAMETERS = SECRET_PARAMETERS
"""Query parameters whose values are secrets."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What an ``Authorization`` header holds. ``scheme`` is lower-case."""

    scheme: str
    token: str


@lru_cache(maxsize=1024)
def read_credential(authorization: str | None) -> Credential | None:
    """The credential of an ``Authorization`` header; None if it holds none.

    ``Key id:secret`` is fal's own form, ``Bearer token`` that of short-lived tokens and of OpenAI
    clients. Source: protocol.md section 9.1 (documented, client).
    """
    if not authorization:
        return None
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    lowered = scheme.lower()
    if not token or lowered not in ("key", "bearer"):
        return None
    return Credential(lowered, token)


def without_credentials(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Headers with lower-case names and no secrets, as a call keeps them.

    Neither are there secrets in URLs, such as that of ``x-fal-target-url``.
    """
    return {
        lowered: SECRET_IN_URL.sub(r"\1redacted", text) if "=" in (text := _text(value)) else text
        for name, value in headers
        if (lowered := name.lower()) not in CREDENTIALS
    }


def _text(value: str) -> str:
    """A header's value as text that can be shown: bytes that are no UTF-8 count as Latin-1."""
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    return value


class RedactedHeaders(Mapping[str, str]):
    """Request headers as ``without_credentials`` gives them, worked out when first looked at."""

    __slots__ = ("_raw", "_shown")

    def __init__(self, raw: Mapping[str, str]) -> None:
        self._raw: Mapping[str, str] = raw
        self._redacted: Mapping[str, str] | None = None

    def _redact(self) -> Mapping[str, str]:
        if self._redacted is None:
            self._redacted = self._raw = without_credentials(self._raw.items())
        return self._redacted

    def __getitem__(self, name: str) -> str:
        return self._redact()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._redact())

    def __len__(self) -> int:
        return len(self._redact())

    def __repr__(self) -> str:
        return repr(self._redact())


def format_units(units: float) -> str:
    """Billable units as the header has them: whole numbers bare, others with eight decimals.

    Source: protocol.md section 3.8 (recorded: sdk-e2e).
    """
    if float(units).is_integer():
        return str(int(units))
    return f"{units:.8f}"
