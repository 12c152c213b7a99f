"""Access control: no pages of other sites; a token when listening beyond loopback.

Browsers let any page send requests to loopback. Such a request has a foreign name in ``Host`` (DNS
rebinding), or an ``Origin`` (RFC 6454) or ``Sec-Fetch-Site`` (W3C Fetch Metadata) of another site.
Programs send none of these, or the address that they connect to.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from fakefal.control.requests import control_error
from fakefal.protocol.core.headers import read_credential

TOKEN_HEADER = "x-fakefal-token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_INVALID_HOST = "invalid host:"
"""No name and no address."""

_UNSPECIFIED_HOSTS = frozenset({"", "0.0.0.0", "::"})


def new_token() -> str:
    """A random token; not derived from the seed, which callers may know."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Caller:
    """The parts of a request that say who sent it.

    ``hosts`` are its ``Host`` headers and the authority of an absolute target.
    """

    method: str
    hosts: tuple[str, ...]
    origins: tuple[str, ...] = ()
    fetch_site: str | None = None
    authorization: str | None = None
    token: str | None = None


class AccessGuard:
    """Admits or rejects callers.

    ``bound_hosts`` are the configured host and the addresses that the server listens on;
    ``allowed_names`` are more values for ``Host``. ``token`` None requires no token.
    """

    def __init__(
        self, bound_hosts: Iterable[str], allowed_names: Iterable[str], token: str | None
    ) -> None:
        bound_names = [_normalise_host(name) for name in bound_hosts]
        self._listens_everywhere = any(name in _UNSPECIFIED_HOSTS for name in bound_names)
        self._allowed_names = frozenset(
            {*bound_names, *map(_normalise_host, allowed_names)} - _UNSPECIFIED_HOSTS
        )
        self.token = token

    def check(self, caller: Caller, *, is_public: bool) -> None:
        """Raise the 403 for a caller from another site, or the 401 for a missing token."""
        for host in caller.hosts:
            if not self._is_allowed_host(host):
                raise control_error(
                    403,
                    f'the control API is not available under "{host[:200]}" — use 127.0.0.1 or the '
                    "address it listens on, or start it with --control-host NAME",
                )
        for origin in caller.origins:
            if not caller.hosts or _authority_of_origin(origin) != caller.hosts[0].lower():
                raise control_error(
                    403, f'requests from another site, "{origin[:200]}", are blocked'
                )
        is_safe_same_site = caller.fetch_site == "same-site" and caller.method in _SAFE_METHODS
        if caller.fetch_site not in (None, "same-origin", "none") and not is_safe_same_site:
            raise control_error(403, "requests from pages of another site are blocked")
        if self.token is not None and not is_public:
            self._check_token(caller, self.token)

    def _check_token(self, caller: Caller, token: str) -> None:
        credential = read_credential(caller.authorization)
        bearer_tokens = (
            [] if credential is None or credential.scheme != "bearer" else [credential.token]
        )
        sent_tokens = [candidate for candidate in (caller.token, *bearer_tokens) if candidate]
        # A list, so that all are compared and the time does not show which one matched.
        if any([hmac.compare_digest(_encode(sent), _encode(token)) for sent in sent_tokens]):
            return
        problem = "wrong token" if sent_tokens else "the control API requires a token here"
        raise control_error(
            401,
            f"{problem} — send Authorization: Bearer … or {TOKEN_HEADER}: …; it is FAKEFAL_TOKEN, "
            "or the one that the server printed when it started",
            ("WWW-Authenticate", 'Bearer realm="fakefal"'),
        )

    def _is_allowed_host(self, host: str) -> bool:
        """Whether a ``Host`` is allowed.

        A server that listens on all addresses allows every IP address, which DNS rebinding cannot
        use, and, as it requires a token, names without a dot, as containers use.
        """
        name = _normalise_host(host)
        if name in self._allowed_names or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            is_single = "." not in name and ":" not in name and bool(name)
            return self._listens_everywhere and self.token is not None and is_single
        return address.is_loopback or self._listens_everywhere


def is_loopback(addresses: Iterable[str]) -> bool:
    """Whether all addresses can be reached from this machine only."""
    return all(_is_loopback(address) for address in addresses)


def authority_of(target: str) -> str | None:
    """Host and port of an absolute-form target (RFC 9112 section 3.2.2); None for a path."""
    if target.startswith("/") or "://" not in target:
        return None
    return target.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(_normalise_host(address)).is_loopback
    except ValueError:
        return False


def _normalise_host(host: str) -> str:
    """A host without port, brackets, zone and final dot, in lower case."""
    host = host.strip().lower()
    port = ""
    if host.startswith("["):
        inside, has_bracket, port = host[1:].partition("]")
        host, port = (inside, port) if has_bracket else (host, "")
        if port and not port.startswith(":"):
            return _INVALID_HOST
        port = port[1:]
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    if port and not (port.isascii() and port.isdigit()):
        return _INVALID_HOST  # "localhost:80.example.com" only begins like localhost
    if ":" in host:  # only an IPv6 address has a zone (RFC 4007 section 11)
        host = host.partition("%")[0]
    return host.removesuffix(".")


def _authority_of_origin(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in ("http", "https") else None


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
