"""Resolves the fal host of a request, and builds URLs that lead the caller back to the fake."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from fakefal.protocol.core import headers as names
from fakefal.protocol.core.hosts import canonical_host
from fakefal.protocol.errors.ingress import ingress_error

CONTROL_PREFIX = "/_fakefal"

_REAL_BASE = "https://{host}"

_BROKEN_ENCODING = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
_PRINTABLE_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_HOST_CHARACTERS = ":[]!$&'()*+,;=._~-"

NO_HOST_MESSAGE = (
    "This is fakefal, a local fake of fal.ai; the address does not say which fal host is meant. "
    "Put the host first in the path (/queue.fal.run/fal-ai/any-llm), or send it as the Host or "
    "X-Forwarded-Host header, or the whole URL as x-fal-target-url."
)
"""The hint of the error for a request without a fal host."""


class AddressForm(Enum):
    """How a request names its fal host (ARCHITECTURE.md#way-of-a-request)."""

    PROXY = "proxy"
    """``x-fal-target-url`` holds the real URL."""
    HOST = "host"
    """The ``Host`` header is a fal host."""
    BASE = "base"
    """The host is the first segment of the path."""
    CONTROL = "control"
    """The control API."""


@dataclass(slots=True)
class Address:
    """The fal host (canonical name), path and query of a request.

    ``path`` is percent-encoded as sent and begins with a slash. ``base`` is the template of URLs
    for this caller: ``http://127.0.0.1:8787/{host}`` in the base-URL form, ``https://{host}`` for
    callers that use the real names (or the scheme and port that they used). ``direct_base`` is set
    if files have another base, because only calls go through the caller's server proxy.
    """

    host: str
    path: str
    query: str
    form: AddressForm
    base: str
    direct_base: str = field(default="", compare=False)
    host_name: str = field(default="", compare=False)
    """The host name that the caller used, which may be an alias."""


def resolve(
    target: str,
    headers: Mapping[str, str],
    *,
    scheme: str = "http",
    local_address: str = "",
    connected_host: str = "",
) -> Address | None:
    """The address of a request; None if it names no fal host.

    ``target`` is the request target as sent: a path and query, or an absolute URL. Names of
    ``headers`` are lower-case. ``local_address`` is the server's ``host:port``, for requests
    without a Host. ``connected_host`` is the host of a CONNECT request or the SNI. The first of
    several ``X-Forwarded-Host`` values is used, as each proxy appends its own.
    """
    host_header = headers.get("host") or local_address
    own_base = _own_base(scheme, host_header)
    if target_url := headers.get(names.TARGET_URL):
        proxied = _parse_absolute(
            _to_ascii(target_url, _PRINTABLE_ASCII), AddressForm.PROXY, _REAL_BASE
        )
        if proxied is not None and canonical_host(host_header) is None:
            proxied.direct_base = own_base
        return proxied
    if "#" in target:
        target = target[: target.index("#")]
    if not target.startswith("/"):
        if (address := _parse_absolute(target, AddressForm.HOST, "")) is not None:
            return address
        target = _path_of(target)
    path, _, query = target.partition("?")
    forwarded = headers.get("x-forwarded-host")
    if forwarded and "," in forwarded:
        forwarded = forwarded.partition(",")[0].strip()
    for name in (forwarded, host_header, connected_host):
        if name and (host := canonical_host(name)) is not None:
            base = _named_base(name, scheme)
            return Address(host, path, query, AddressForm.HOST, base, "", name)
    target_host = headers.get(names.TARGET_HOST)
    if target_host and (host := canonical_host(target_host)) is not None:
        return Address(host, path, query, AddressForm.BASE, own_base, host_name=target_host)
    if path == CONTROL_PREFIX or path.startswith(f"{CONTROL_PREFIX}/"):
        return Address("", path[len(CONTROL_PREFIX) :] or "/", query, AddressForm.CONTROL, own_base)
    segment, slash, tail = path[1:].partition("/")
    host_name, host = _host_of_segment(segment)
    if host is None:
        return None
    return Address(host, slash + tail or "/", query, AddressForm.BASE, own_base, "", host_name)


@lru_cache(maxsize=256)
def _host_of_segment(segment: str) -> tuple[str, str | None]:
    """The name in the first segment of ``/queue.fal.run/fal-ai/any-llm``, and its canonical host.

    The host is None if the segment is none of fal's.
    """
    host_name = unquote(segment)
    return host_name, canonical_host(host_name)


@lru_cache(maxsize=256)
def _own_base(scheme: str, host_header: str) -> str:
    return f"{scheme}://{_to_ascii(host_header, _HOST_CHARACTERS)}/{{host}}"


def _to_ascii(text: str, safe: str) -> str:
    """Percent-encode text for a URL; surrogate escapes are encoded as the bytes they stand for."""
    if text.isascii() and safe is _PRINTABLE_ASCII:
        return text
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = text.encode("utf-8", "replace")
    return quote(data, safe=safe)


def url_for(address: Address, host: str, path: str) -> str:
    """A URL of a fal host that the caller of ``address`` can reach; ``path`` may have a query."""
    return address.base.replace("{host}", host) + path


def media_url_for(address: Address, host: str, path: str) -> str:
    """A URL of a file or upload that the caller of ``address`` can reach without a proxy.

    Clients send and fetch files directly. Source: client (docs/reference/protocol.md#server-proxy).
    """
    return f"{(address.direct_base or address.base).replace('{host}', host)}{path}"


def decode_path(path: str) -> str:
    """Percent-decode a path; raises a 400 for invalid encoding or a zero byte, as nginx does.

    Source: inferred (docs/reference/errors.md#ingress-errors).
    """
    if "%" not in path:
        return path
    if _BROKEN_ENCODING.search(path) is not None:
        raise ingress_error(400, "the path has broken percent-encoding, or a zero byte")
    return unquote(path)


def _parse_absolute(url: str, form: AddressForm, base: str) -> Address | None:
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    host = canonical_host(name)
    if host is None or parts.scheme not in ("http", "https", "ws", "wss"):
        return None
    if not base:
        base = _named_base(f"{name}:{port}" if port else name, parts.scheme)
    return Address(host, parts.path or "/", parts.query, form, base, host_name=name)


def _path_of(target: str) -> str:
    """The path and query of an absolute URL."""
    _, separator, tail = target.partition("://")
    if not separator:
        return f"/{target}"
    slash = tail.find("/")
    return tail[slash:] if slash >= 0 else "/"


def _named_base(name: str, scheme: str) -> str:
    """The URL base for a caller that uses real names: with the port that it used, if any."""
    _, colon, port = name.rpartition(":")
    if not colon or port in ("443", "80") or not (port.isascii() and port.isdigit()):
        return _REAL_BASE
    if int(port[:6]) > 65_535:
        return _REAL_BASE
    return f"{'https' if scheme in ('https', 'wss') else 'http'}://{{host}}:{port}"
