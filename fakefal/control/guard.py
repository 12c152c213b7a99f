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

from fakefal.control.requests import refused
from fakefal.protocol.core.headers import read_credential

TOKEN = "x-fakefal-token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_UNSPECIFIED = frozenset({"", "0.0.0.0", "::"})


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
    site: str | None = None
    authorization: str | None = None
    token: str | None = None


class Guard:
    """Admits or refuses callers.

    ``bound`` are the host that was asked for and the addresses that are listened on, ``names`` what
    else may stand in ``Host``. ``token`` None demands none.
    """

    def __init__(self, bound: Iterable[str], names: Iterable[str], token: str | None) -> None:
        told = [_bare(name) for name in bound]
        self._is_everywhere = any(name in _UNSPECIFIED for name in told)
        self._names = frozenset({*told, *map(_bare, names)} - _UNSPECIFIED)
        self.token = token

    def check(self, caller: Caller, *, is_public: bool) -> None:
        """Raise the 403 of a caller from another site, or the 401 of one without the token."""
        for host in caller.hosts:
            if not self._is_ours(host):
                raise refused(
                    403,
                    f'the control API does not answer under "{host[:200]}" — use 127.0.0.1 or the '
                    "address it listens on, or start it with --control-host NAME",
                )
        for origin in caller.origins:
            if not caller.hosts or _authority(origin) != caller.hosts[0].lower():
                raise refused(403, f'"{origin[:200]}" is another site, and may not ask this')
        is_near = caller.site == "same-site" and caller.method in _SAFE
        if caller.site not in (None, "same-origin", "none") and not is_near:
            raise refused(403, "this came from a page of another site, which may not ask it")
        if self.token is not None and not is_public:
            self._check_token(caller, self.token)

    def _check_token(self, caller: Caller, token: str) -> None:
        credential = read_credential(caller.authorization)
        borne = [] if credential is None or credential.scheme != "bearer" else [credential.token]
        given = [it for it in (caller.token, *borne) if it]
        if any([hmac.compare_digest(_bytes(it), _bytes(token)) for it in given]):
            return
        what = "that is not the token" if given else "the control API demands its token here"
        raise refused(
            401,
            f"{what} — send Authorization: Bearer … or {TOKEN}: …; it is FAKEFAL_TOKEN, or what "
            "the server printed when it started",
            ("WWW-Authenticate", 'Bearer realm="fakefal"'),
        )

    def _is_ours(self, host: str) -> bool:
        """Whether a ``Host`` may be meant for us.

        Bound to every address, that is any address, for no name stands behind it that could be
        bound anew; and any name without a dot, as containers call each other. There the token is
        demanded as well.
        """
        name = _bare(host)
        if name in self._names or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            is_single = "." not in name and ":" not in name and bool(name)
            return self._is_everywhere and self.token is not None and is_single
        return address.is_loopback or self._is_everywhere


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
        return ipaddress.ip_address(_bare(address)).is_loopback
    except ValueError:
        return False


def _bare(host: str) -> str:
    """A host without port, brackets, zone and final dot, in lower case."""
    host = host.strip().lower()
    if host.startswith("["):
        inside, closed, _ = host[1:].partition("]")
        host = inside if closed else host
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    return host.partition("%")[0].removesuffix(".")


def _authority(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in ("http", "https") else None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
