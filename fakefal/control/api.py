"""``/_fakefal/…``: finds the route of a request and has it answered."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from fakefal.control import schemas
from fakefal.control.requests import ApiResponse, ControlContext, ControlRequest, control_error
from fakefal.control.routes import Route, find_routes, routes_by_path
from fakefal.errors import ScenarioError, SettingError
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import ApiError


def is_public(path: str) -> bool:
    """Whether a path is told to everybody, token or not."""
    routes, _ = find_routes(path)
    return any(route.scope == "public" for route in routes.values())


def handle(
    context: ControlContext,
    method: str,
    path: str,
    headers: Mapping[str, str],
    query: str = "",
    body: bytes = b"",
) -> ApiResponse:
    """The answer to a control request; raises WireError for what cannot be answered."""
    routes, path_parameters = find_routes(path)
    if not routes:
        known_paths = [f"/_fakefal{known}" for known in routes_by_path()]
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
    try:
        _check_parameters(request, route)
        result = _import_handler(route.handler)(request)
    except ScenarioError as error:
        problems = [
            {
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "path": problem.path,
                "what": problem.message,
                "right": problem.suggestion,
            }
            for problem in error.problems
        ]
        raise control_error(422, str(error), mistakes=problems) from None
    except SettingError as error:
        raise control_error(400, str(error)) from None
    return (
        result
        if isinstance(result, ApiResponse)
        else ApiResponse(encode(result), route.content_type)
    )


def to_control_error(error: ApiError) -> ApiError:
    """A refusal that was worded for callers of fal, as this API words its own."""
    if isinstance(error.body, dict):
        return error
    return control_error(error.status, error.hint or "cannot be answered", *error.headers)


def _check_parameters(request: ControlRequest, route: Route) -> None:
    """Refuse parameters that a route does not know, so that a slip of the pen is seen."""
    if not request.query:
        return

    model_name = route.query_model or "NoParameters"
    request.parse_query(getattr(schemas, model_name))


@cache
def _import_handler(name: str) -> Callable[[ControlRequest], Any]:
    module, _, function = name.partition(".")
    handler: Callable[[ControlRequest], Any] = getattr(
        importlib.import_module(f"fakefal.control.{module}"), function
    )
    return handler
