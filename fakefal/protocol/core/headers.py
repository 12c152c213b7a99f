"""Header names of fal's protocol, and the parsing of ``Authorization``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from fakefal.credentials.names import is_secret
from fakefal.credentials.redaction import redact_text

REQUEST_ID = "x-fal-request-id"
BILLABLE_UNITS = "x-fal-billable-units"
ERROR_TYPE = "X-Fal-Error-Type"
TIMEOUT_TYPE = "X-Fal-Request-Timeout-Type"
NEEDS_RETRY = "X-Fal-Needs-Retry"
RETRYABLE = "X-Fal-Retryable"
TARGET_URL = "x-fal-target-url"
TARGET_HOST = "x-fal-target-host"

OMITTED = "\x00"
"""As the value of a scripted header: the response does not have it."""

HINT = "x-fakefal-hint"
"""fakefal's own explanation of an error; fal does not send it."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A parsed ``Authorization`` header. ``scheme`` is ``key`` or ``bearer``."""

    scheme: str
    token: str


@lru_cache(maxsize=1024)
def read_credential(authorization: str | None) -> Credential | None:
    """Parse an ``Authorization`` header; None if it has another scheme or no token.

    ``Key id:secret`` is fal's own scheme; OpenAI clients and short-lived tokens use ``Bearer``.
    Source: documented, client (docs/reference/protocol.md#authentication-schemes).
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
    """Headers with lower-case names, without secret ones and with secrets in values redacted."""
    return {
        name.lower(): redact_text(text, "redacted")
        for name, value in headers
        if not is_secret(name, text := _text(value))
    }


def _text(value: str) -> str:
    """A header's value as valid text: bytes that are not UTF-8 are decoded as Latin-1.

    RFC 9110 section 5.5: field values outside ASCII were ISO-8859-1 historically.
    """
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    return value


@dataclass(slots=True, repr=False, eq=False)
class RedactedHeaders(Mapping[str, str]):
    """Request headers that ``without_credentials`` is applied to on first access."""

    _raw: Mapping[str, str]
    _redacted: Mapping[str, str] | None = None

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


def result_headers(runner: str, recorded: str, *, is_fal_host: bool) -> tuple[tuple[str, str], ...]:
    """The headers of a successful result beside its id and units.

    ``recorded`` is the month: ``2026-02``, ``2026-08`` or ``none``. The two about CORS are only for
    callers that send no Origin. Strict-Transport-Security is only for fal's own host names: a
    browser would apply it to every server on localhost.
    Source: recorded (docs/reference/protocol.md#response-headers).
    """
    if recorded == "none":
        return ()
    pairs = [("x-fal-served-from", runner), ("x-robots-tag", "noindex")]
    if is_fal_host:
        pairs.append(("strict-transport-security", "max-age=31536000; includeSubDomains"))
    if recorded == "2026-08":
        pairs += [
            ("access-control-allow-credentials", "true"),
            (
                "vary",
                "origin, access-control-request-method, access-control-request-headers",
            ),
        ]
    return tuple(pairs)


@lru_cache(maxsize=256, typed=True)
def format_units(units: float) -> str:
    """The value of ``x-fal-billable-units``: Python's repr of the number, ``1`` or ``1.0``.

    Source: recorded (docs/reference/protocol.md#response-headers).
    """
    return repr(units)
