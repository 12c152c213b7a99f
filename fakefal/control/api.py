"""Dispatches requests under ``/_fakefal/`` to the handlers of the control API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fakefal.control import schemas
from fakefal.control.requests import ApiResponse, ControlContext, ControlRequest, control_error
from fakefal.control.routes import ROUTES, ApiRoute, find_routes
from fakefal.errors import ScenarioError, SettingError
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import ApiError

if TYPE_CHECKING:
    from fakefal.scenario.compiled.scenario import LoadedScenario


def is_public(path: str) -> bool:
    """Whether a path needs no token."""
    routes, _ = find_routes(path)
    return any(route.scope == "public" for route in routes.values())


PRELOAD_BYTES = 50_000
"""Parsing a larger scenario would keep the event loop for more than a tenth of a second."""


def must_preload(method: str, path: str, body: bytes) -> bool:
    """Whether ``preload`` is to be called in another thread before ``handle``."""
    is_scenario = path.rstrip("/") == "/scenarios" and method in ("PUT", "POST")
    return is_scenario and len(body) > PRELOAD_BYTES


def preload(
    context: ControlContext, headers: Mapping[str, str], query: str, body: bytes
) -> LoadedScenario | ScenarioError | ApiError | None:
    """The scenario in a body, or the error in it, for ``handle``. Thread-safe."""
    from fakefal.control.scenarios import preload as preload_scenario

    request = ControlRequest(context, headers, query, body)
    preload_scenario(request)
    return request.preloaded


def handle(
    context: ControlContext,
    method: str,
    path: str,
    headers: Mapping[str, str],
    query: str = "",
    body: bytes = b"",
    preloaded: LoadedScenario | ScenarioError | ApiError | None = None,
) -> ApiResponse:
    """The response to a control request. ``path`` is without ``/_fakefal``. Raises ApiError."""
    routes, path_parameters = find_routes(path)
    if not routes:
        known_paths = [*dict.fromkeys(f"/_fakefal{route.path}" for route in ROUTES)]
        detail = f"no such control route — known: {', '.join(known_paths)}"
        raise control_error(404, detail, routes=known_paths)
    allowed = ", ".join([*routes, *(["HEAD"] if "GET" in routes else []), "OPTIONS"])
    if method == "OPTIONS":
        return ApiResponse(status=204, headers=(("Allow", allowed),))
    route = routes.get("GET" if method == "HEAD" else method)
    if route is None:
        detail = f"use {' or '.join(routes)} for /_fakefal{path.rstrip('/')}"
        raise control_error(405, detail, ("Allow", allowed))
    if method == "HEAD" and route.content_type == "text/event-stream":
        return ApiResponse(content_type=route.content_type)
    request = ControlRequest(context, headers, query, body, path_parameters, route.example)
    request.preloaded = preloaded
    try:
        _check_parameters(request, route)
        result = route.load_handler("fakefal.control")(request)
    except ScenarioError as error:
        problems = [
            {
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "path": problem.path,
                "message": problem.message,
                "suggestion": problem.suggestion,
            }
            for problem in error.problems
        ]
        raise control_error(422, str(error), problems=problems) from None
    except SettingError as error:
        raise control_error(400, str(error)) from None
    if isinstance(result, ApiResponse):
        return result
    return ApiResponse(encode(result), route.content_type)


def to_control_error(error: ApiError) -> ApiError:
    """An error in fal's format converted to this API's: ``{"detail": "…"}``."""
    if isinstance(error.body, dict):
        return error
    return control_error(error.status, error.hint or "the request failed", *error.headers)


def _check_parameters(request: ControlRequest, route: ApiRoute) -> None:
    """Raise the 400 for an unknown parameter, so that a typo is not ignored."""
    if not request.query:
        return
    model_name = route.query_model or "NoParameters"
    request.parse_query(getattr(schemas, model_name))
