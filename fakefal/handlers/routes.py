"""The route table: host, method, path -> handler."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from fakefal.handlers import queue, run
from fakefal.handlers.http import Handler
from fakefal.handlers.platform.table import API_ROUTES, KV_ROUTES, REST_ROUTES, SITE_ROUTES
from fakefal.protocol.core import hosts
from fakefal.protocol.errors.errors import ApiError, method_not_allowed
from fakefal.protocol.errors.ingress import REJECTED_METHODS, ingress_error
from fakefal.routing import Route, compile_path, matching_routes

_ENDPOINT = "/{endpoint:[^/].*?}"
_REQUEST = f"{_ENDPOINT}/requests/{{id}}"
_OPENAI = "/{endpoint:openrouter/router/openai/v1(?:/.*)?}"
_FILE = "/files/{folder:[^/].*?}/{name}"

_FILE_ROUTES = (
    Route("POST", "/files/upload", "uploads.upload_file"),
    Route("POST", "/files/upload/multipart", "uploads.create_multipart"),
    Route("PUT", "/files/upload/{id}", "uploads.put_file"),
    Route("PUT", "/files/upload/{id}/{number}", "uploads.put_part"),
    Route("POST", "/files/upload/{id}/complete", "uploads.complete_multipart"),
    Route("POST", "/files/upload/{id}/{number}", "uploads.create_part_url"),
    Route("PUT", f"{_FILE}/multipart/{{id}}/{{number}}", "uploads.put_part"),
    Route("POST", f"{_FILE}/multipart/{{id}}/complete", "uploads.complete_multipart"),
    Route("POST", f"{_FILE}/sign", "cdn.sign"),
    Route("PUT", _FILE, "uploads.put_file"),
    Route("GET", _FILE, "cdn.read"),
    Route("HEAD", _FILE, "cdn.read"),
)
"""All media hosts have the same routes."""

ROUTES: dict[str, tuple[Route, ...]] = {
    hosts.QUEUE: (
        Route("GET", f"{_REQUEST}/status", queue.status),
        Route("GET", _REQUEST, queue.result),
        Route("GET", f"{_REQUEST}/status/stream", queue.status_stream),
        Route("GET", f"{_REQUEST}/response", queue.result),
        Route("PUT", f"{_REQUEST}/cancel", queue.cancel),
        Route("POST", _ENDPOINT, queue.submit),
    ),
    hosts.RUN: (
        Route("POST", _OPENAI, "openai.post"),
        Route("GET", _OPENAI, "openai.get"),
        Route("POST", f"{_ENDPOINT}/stream", run.stream),
        Route("POST", _ENDPOINT, run.run),
        Route("GET", f"{_ENDPOINT}/realtime", "websocket.connect.connect_realtime"),
        Route("GET", _ENDPOINT, "websocket.connect.connect_socket"),
        *(Route(method, _ENDPOINT, run.get) for method in ("PUT", "PATCH", "DELETE")),
    ),
    hosts.WS: (
        Route("GET", f"{_ENDPOINT}/stream", "websocket.ws_http.stream"),
        Route("GET", _ENDPOINT, "websocket.ws_http.connect"),
    ),
    hosts.REST: (
        Route("POST", "/storage/upload/initiate", "rest.initiate"),
        Route("POST", "/storage/upload/initiate-multipart", "rest.initiate_multipart"),
        Route("POST", "/storage/auth/token", "rest.storage_token"),
        Route("POST", "/tokens/realtime", "rest.realtime_token"),
        Route("POST", "/tokens", "rest.tokens"),
        Route("GET", "/.well-known/jwks.json", "jwks.jwks"),
        *REST_ROUTES,
    ),
    hosts.API: API_ROUTES,
    hosts.SITE: SITE_ROUTES,
    hosts.KV: KV_ROUTES,
    hosts.MEDIA_V3: _FILE_ROUTES,
    hosts.MEDIA_V3B: _FILE_ROUTES,
    hosts.MEDIA_V1: _FILE_ROUTES,
}
"""The routes of each host; the first match is used."""


class UnservedRoute(ApiError):
    """The 404 of a path that fal may have and the fake has not: it is journalled as a miss."""


_READ_PATHS = re.compile(r"/requests/[^/]+(?:/(?:status(?:/stream)?|cancel|response))?\Z")


@lru_cache(maxsize=1024)
def find_route(host: str, method: str, path: str) -> tuple[Handler, Mapping[str, str]]:
    """The handler for a request, and the named parts of its path; raises 404 and 405.

    Trailing slashes are ignored.

    Source: recorded (docs/reference/protocol.md#endpoint-ids-and-urls,
    docs/reference/open-questions.md#trailing-slashes).
    """
    stripped = f"/{path.strip('/')}"
    is_read = method == "POST" and host == hosts.QUEUE and _READ_PATHS.search(stripped) is not None
    for pattern, route in _routes_by_method().get((host, method), ()):
        match = pattern.fullmatch(stripped)
        if match is not None and not (is_read and route.handler is queue.submit):
            handler = route.handler
            return route.load_handler(__package__) if isinstance(handler, str) else handler, (
                match.groupdict()
            )
    raise _not_routed(host, method, path, is_read=is_read)


def _not_routed(host: str, method: str, path: str, *, is_read: bool) -> ApiError:
    """The error of a request that has no route."""
    if method in REJECTED_METHODS:
        return ingress_error(405, f"the load balancer rejects {method}")
    routes = ROUTES.get(host)
    if routes is None:
        note = f"fakefal does not serve {host} yet"
        return UnservedRoute(404, {"detail": f"Path {path} not found"}, hint=note)
    if is_read or any(matching_routes(routes, f"/{path.strip('/')}")):
        return method_not_allowed()
    note = f"fakefal does not serve this path of {host}"
    return UnservedRoute(404, {"detail": f"Path {path} not found"}, hint=note)


@cache
def _routes_by_method() -> dict[tuple[str, str], list[tuple[re.Pattern[str], Route]]]:
    """The routes of each host and method, compiled."""
    table: dict[tuple[str, str], list[tuple[re.Pattern[str], Route]]] = {}
    for host, routes in ROUTES.items():
        for route in routes:
            table.setdefault((host, route.method), []).append((compile_path(route.path), route))
    return table
