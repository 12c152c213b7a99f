"""Who may ask the control API: no page of another site, and from outside only who has the token.

Browsers let any page send requests to loopback. Two things betray them: the ``Host`` of a name
that was bound anew to this address (DNS rebinding), and an ``Origin`` or ``Sec-Fetch-Site`` that
tells of another site. Programs send neither, or the address that they were told.
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
_UNSPECIFIED_HOSTS = frozenset({"", "0.0.0.0", "::"})


def new_token() -> str:
    """A token that nobody can guess; the one thing here that does not follow from the seed."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request tells of who sent it.

    ``hosts`` are its ``Host`` headers and the authority of an absolute target.
    """

    method: str
    hosts: tuple[str, ...]
    origins: tuple[str, ...] = ()
    fetch_site: str | None = None
    authorization: str | None = None
    token: str | None = None


class AccessGuard:
    """Admits or refuses callers.

    ``bound`` are the host that was asked for and the addresses that are listened on, ``names`` what
    else may stand in ``Host``. ``token`` None demands none.
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
        """Raise the 403 of a caller from another site, or the 401 of one without the token."""
        for host in caller.hosts:
            if not self._is_allowed_host(host):
                raise control_error(
                    403,
                    f'the control API does not answer under "{host[:200]}" — use 127.0.0.1 or the '
                    "address it listens on, or start it with --control-host NAME",
                )
        for origin in caller.origins:
            if not caller.hosts or _authority_of_origin(origin) != caller.hosts[0].lower():
                raise control_error(403, f'"{origin[:200]}" is another site, and may not ask this')
        is_safe_same_site = caller.fetch_site == "same-site" and caller.method in _SAFE_METHODS
        if caller.fetch_site not in (None, "same-origin", "none") and not is_safe_same_site:
            raise control_error(403, "this came from a page of another site, which may not ask it")
        if self.token is not None and not is_public:
            self._check_token(caller, self.token)

    def _check_token(self, caller: Caller, token: str) -> None:
        credential = read_credential(caller.authorization)
        bearer_tokens = (
            [] if credential is None or credential.scheme != "bearer" else [credential.token]
        )
        sent_tokens = [candidate for candidate in (caller.token, *bearer_tokens) if candidate]
        if any(
            [hmac.compare_digest(_encode(candidate), _encode(token)) for candidate in sent_tokens]
        ):
            return
        problem = (
            "that is not the token" if sent_tokens else "the control API demands its token here"
        )
        raise control_error(
            401,
            f"{problem} — send Authorization: Bearer … or {TOKEN_HEADER}: …; it is FAKEFAL_TOKEN, or what "
            "the server printed when it started",
            ("WWW-Authenticate", 'Bearer realm="fakefal"'),
        )

    def _is_allowed_host(self, host: str) -> bool:
        """Whether a ``Host`` may be meant for us.

        Bound to every address, that is any address, for no name stands behind it that could be
        bound anew; and any name without a dot, as containers call each other. There the token is
        demanded as well.
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
    """Whether all addresses that are listened on can be reached from this machine alone."""
    return all(_is_loopback(address) for address in addresses)


def authority_of(target: str) -> str | None:
    """The host and port in an absolute request target; None for a path."""
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
    if host.startswith("["):
        inside, has_bracket, _ = host[1:].partition("]")
        host = inside if has_bracket else host
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    return host.partition("%")[0].removesuffix(".")


def _authority_of_origin(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in ("http", "https") else None


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
