"""The whole surface on one page: host, method, path -> handler."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

from fakefal.handlers import queue, run
from fakefal.handlers.http import Handler
from fakefal.protocol.core import hosts
from fakefal.protocol.errors.errors import ApiError, method_not_allowed
from fakefal.protocol.errors.ingress import REJECTED_METHODS, ingress_error


class Route(NamedTuple):
    """One line of the table.

    A handler may stand as ``cdn.read``: its face is imported when it is first asked, so that a
    server starts sooner.
    """

    method: str
    path: str
    handler: Handler | str

    def match(self, path: str) -> re.Match[str] | None:
        """The named parts of a path that this route takes."""
        return _pattern(self.path).fullmatch(path)


@lru_cache(maxsize=256)
def _pattern(path: str) -> re.Pattern[str]:
    """``{endpoint}`` and ``{folder}`` take many segments, every other name one."""
    pattern = re.sub(r"\{(endpoint|folder)\}", r"(?P<\1>[^/].*?)", path)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
    return re.compile(f"/+{pattern}", re.DOTALL)


@lru_cache(maxsize=256)
def _import_handler(name: str) -> Handler:
    module, _, function = name.rpartition(".")
    handler: Handler = getattr(import_module(f"fakefal.handlers.{module}"), function)
    return handler


_REQUEST = "{endpoint}/requests/{id}"
_OPENAI = "(?P<endpoint>openrouter/router/openai/v1(?:/.*)?)"
_FILE = "files/{folder}/{name}"

_FILE_ROUTES = (
    Route("POST", "files/upload", "uploads.upload"),
    Route("POST", "files/upload/multipart", "uploads.create"),
    Route("PUT", "files/upload/{id}", "uploads.put"),
    Route("PUT", "files/upload/{id}/{number}", "uploads.put_part"),
    Route("POST", "files/upload/{id}/complete", "uploads.complete"),
    Route("POST", "files/upload/{id}/{number}", "uploads.place_part"),
    Route("PUT", f"{_FILE}/multipart/{{id}}/{{number}}", "uploads.put_part"),
    Route("POST", f"{_FILE}/multipart/{{id}}/complete", "uploads.complete"),
    Route("POST", f"{_FILE}/sign", "cdn.sign"),
    Route("GET", _FILE, "cdn.read"),
    Route("HEAD", _FILE, "cdn.read"),
)
"""The hosts of files take and give the same on all their names."""

ROUTES: dict[str, tuple[Route, ...]] = {
    hosts.QUEUE: (
        Route("GET", f"{_REQUEST}/status", queue.status),
        Route("GET", _REQUEST, queue.result),
        Route("GET", f"{_REQUEST}/status/stream", queue.status_stream),
        Route("GET", f"{_REQUEST}/response", queue.result),
        Route("PUT", f"{_REQUEST}/cancel", queue.cancel),
        Route("POST", "{endpoint}", queue.submit),
    ),
    hosts.RUN: (
        Route("POST", _OPENAI, "openai.call"),
        Route("GET", _OPENAI, "openai.get"),
        Route("POST", "{endpoint}/stream", run.stream),
        Route("POST", "{endpoint}", run.run),
        Route("GET", "{endpoint}/realtime", "websocket.connect.connect_realtime"),
        Route("GET", "{endpoint}", "websocket.connect.connect_socket"),
    ),
    hosts.WS: (
        Route("GET", "{endpoint}/stream", "websocket.ws_http.stream"),
        Route("GET", "{endpoint}", "websocket.ws_http.connect"),
    ),
    hosts.REST: (
        Route("POST", "storage/upload/initiate", "rest.initiate"),
        Route("POST", "storage/upload/initiate-multipart", "rest.initiate_multipart"),
        Route("POST", "storage/auth/token", "rest.storage_token"),
        Route("POST", "tokens/realtime", "rest.realtime_token"),
        Route("POST", "tokens", "rest.tokens"),
        Route("GET", r"\.well-known/jwks\.json", "jwks.jwks"),
    ),
    hosts.API: (
        Route("GET", "v1/models", "platform.models"),
        Route("GET", "v1/models/pricing", "platform.pricing"),
        Route("POST", "v1/models/pricing/estimate", "platform.estimate"),
        Route("GET", "v1/models/usage", "platform.usage"),
        Route("GET", "v1/models/analytics", "platform.analytics"),
        Route("GET", "v1/models/requests/by-endpoint", "platform.requests"),
        Route("DELETE", "v1/models/requests/{id}/payloads", "platform.delete_payloads"),
        Route("GET", "v1/keys", "platform.list_keys"),
        Route("POST", "v1/keys", "platform.create_key"),
        Route("DELETE", "v1/keys/{id}", "platform.delete_key"),
        Route("GET", "v1/account/billing", "platform.billing"),
        Route("GET", "v1/meta", "platform.meta"),
    ),
    hosts.MEDIA_V3: _FILE_ROUTES,
    hosts.MEDIA_V3B: _FILE_ROUTES,
    hosts.MEDIA_V1: _FILE_ROUTES,
}
"""Every route by its host, the first that fits is taken."""

_READ_PATHS = re.compile(r"/requests/[^/]+(?:/(?:status(?:/stream)?|cancel|response))?\Z")


def find_route(host: str, method: str, path: str) -> tuple[Handler, Mapping[str, str]]:
    """The handler for a request, and the named parts of its path; raises 404 and 405.

    Trailing slashes do not matter. Source: recorded (protocol.md sections 2, 16 row 26).
    """
    if host == hosts.RUN or method == "POST":  # the same few paths again and again
        return _find_cached(host, method, path)
    return _find(host, method, path)


def _find(host: str, method: str, path: str) -> tuple[Handler, Mapping[str, str]]:
    if method in REJECTED_METHODS:
        raise ingress_error(405, f"{method} is not let through")
    routes = ROUTES.get(host)
    if routes is None:
        note = f"fakefal does not serve {host} yet"
        raise ApiError(404, {"detail": f"Path {path} not found"}, hint=note)
    stripped = path.rstrip("/")
    is_read = method == "POST" and host == hosts.QUEUE and _READ_PATHS.search(stripped) is not None
    for route in routes:
        if route.method == method and not (is_read and route.handler is queue.submit):
            match = route.match(stripped)
            if match is not None:
                handler = route.handler
                resolved = _import_handler(handler) if isinstance(handler, str) else handler
                return resolved, match.groupdict()
    if is_read or any(route.match(stripped) for route in routes):
        raise method_not_allowed()
    raise ApiError(404, {"detail": f"Path {path} not found"})


_find_cached = lru_cache(maxsize=1024)(_find)
