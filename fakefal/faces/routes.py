"""The whole surface on one page: host, method, path -> handler."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from fakefal.faces import cdn, jwks, queue, realtime, rest, run, uploads
from fakefal.faces.http import Handler
from fakefal.protocol import hosts
from fakefal.protocol.errors import WireError, method_not_allowed
from fakefal.protocol.ingress import REFUSED_METHODS, refused_by_ingress


class Route(NamedTuple):
    """One line of the table."""

    method: str
    path: re.Pattern[str]
    handler: Handler


def _route(method: str, path: str, handler: Handler) -> Route:
    """``{endpoint}`` and ``{folder}`` take many segments, every other name one."""
    pattern = re.sub(r"\{(endpoint|folder)\}", r"(?P<\1>[^/].*?)", path)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
    return Route(method, re.compile(f"/+{pattern}", re.DOTALL), handler)


_REQUEST = "{endpoint}/requests/{id}"
_FILE = "files/{folder}/{name}"

_STORED = (
    _route("POST", "files/upload", uploads.upload),
    _route("POST", "files/upload/multipart", uploads.create),
    _route("PUT", "files/upload/{id}", uploads.put),
    _route("PUT", "files/upload/{id}/{number}", uploads.put_part),
    _route("POST", "files/upload/{id}/complete", uploads.complete),
    _route("POST", "files/upload/{id}/{number}", uploads.place_part),
    _route("PUT", f"{_FILE}/multipart/{{id}}/{{number}}", uploads.put_part),
    _route("POST", f"{_FILE}/multipart/{{id}}/complete", uploads.complete),
    _route("POST", f"{_FILE}/sign", cdn.sign),
    _route("GET", _FILE, cdn.read),
    _route("HEAD", _FILE, cdn.read),
)
"""The hosts of files take and give the same on all their names."""

ROUTES: dict[str, tuple[Route, ...]] = {
    hosts.QUEUE: (
        _route("GET", f"{_REQUEST}/status", queue.status),
        _route("GET", _REQUEST, queue.result),
        _route("GET", f"{_REQUEST}/status/stream", queue.status_stream),
        _route("GET", f"{_REQUEST}/response", queue.result),
        _route("PUT", f"{_REQUEST}/cancel", queue.cancel),
        _route("POST", "{endpoint}", queue.submit),
    ),
    hosts.RUN: (
        _route("POST", "{endpoint}/stream", run.stream),
        _route("POST", "{endpoint}", run.run),
        _route("GET", "{endpoint}/realtime", realtime.connect),
        _route("GET", "{endpoint}", run.get),
    ),
    hosts.REST: (
        _route("POST", "storage/upload/initiate", rest.initiate),
        _route("POST", "storage/upload/initiate-multipart", rest.initiate_multipart),
        _route("POST", "storage/auth/token", rest.storage_token),
        _route("POST", "tokens/realtime", rest.realtime_token),
        _route("POST", "tokens", rest.tokens),
        _route("GET", r"\.well-known/jwks\.json", jwks.jwks),
    ),
    hosts.MEDIA: _STORED,
    hosts.MEDIA_B: _STORED,
    hosts.MEDIA_FIRST: _STORED,
}
"""Every route by its host, the first that fits is taken."""

_READS = re.compile(r"/requests/[^/]+(?:/(?:status(?:/stream)?|cancel|response))?\Z")


def find_route(host: str, method: str, path: str) -> tuple[Handler, Mapping[str, str]]:
    """The handler for a request, and the named parts of its path; raises 404 and 405.

    Trailing slashes do not matter. Source: recorded (protocol.md sections 2, 16 row 26).
    """
    if host == hosts.RUN or method == "POST":  # the same few paths again and again
        return _find_known(host, method, path)
    return _find(host, method, path)


def _find(host: str, method: str, path: str) -> tuple[Handler, Mapping[str, str]]:
    if method in REFUSED_METHODS:
        raise refused_by_ingress(405, f"{method} is not let through")
    routes = ROUTES.get(host)
    if routes is None:
        note = f"fakefal does not serve {host} yet"
        raise WireError(404, {"detail": f"Path {path} not found"}, note=note)
    bare = path.rstrip("/")
    is_read = method == "POST" and host == hosts.QUEUE and _READS.search(bare) is not None
    for route in routes:
        if route.method == method and not (is_read and route.handler is queue.submit):
            found = route.path.fullmatch(bare)
            if found is not None:
                return route.handler, found.groupdict()
    if is_read or any(route.path.fullmatch(bare) for route in routes):
        raise method_not_allowed()
    raise WireError(404, {"detail": f"Path {path} not found"})


_find_known = lru_cache(maxsize=1024)(_find)
