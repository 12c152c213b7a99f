"""``/_fakefal/…``: finds the route of a request and has it answered."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from fakefal.control import schemas
from fakefal.control.requests import Asked, House, Told, refused
from fakefal.control.routes import Route, find, paths
from fakefal.errors import ScenarioError, SettingError
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.errors import WireError


def is_public(path: str) -> bool:
    """Whether a path is told to everybody, token or not."""
    routes, _ = find(path)
    return any(route.scope == "public" for route in routes.values())


def answer(
    house: House,
    method: str,
    path: str,
    headers: Mapping[str, str],
    query: str = "",
    body: bytes = b"",
) -> Told:
    """The answer to a control request; raises WireError for what cannot be answered."""
    routes, parts = find(path)
    if not routes:
        known = [f"/_fakefal{known}" for known in paths()]
        detail = f"no such control route — known: {', '.join(known)}"
        raise refused(404, detail, routes=known)
    allowed = ", ".join([*routes, *(["HEAD"] if "GET" in routes else []), "OPTIONS"])
    if method == "OPTIONS":
        return Told(status=204, headers=(("Allow", allowed),))
    route = routes.get("GET" if method == "HEAD" else method)
    if route is None:
        detail = f"use {' or '.join(routes)} for /_fakefal{path.rstrip('/')}"
        raise refused(405, detail, ("Allow", allowed))
    if method == "HEAD" and route.content_type == "text/event-stream":
        return Told(content_type=route.content_type)
    asked = Asked(house, headers, query, body, parts, route.example)
    try:
        _check_parameters(asked, route)
        told = _handler(route.handler)(asked)
    except ScenarioError as error:
        mistakes = [
            {
                "file": it.file,
                "line": it.line,
                "column": it.column,
                "path": it.path,
                "what": it.what,
                "right": it.right,
            }
            for it in error.mistakes
        ]
        raise refused(422, str(error), mistakes=mistakes) from None
    except SettingError as error:
        raise refused(400, str(error)) from None
    return told if isinstance(told, Told) else Told(encode(told), route.content_type)


def unworded(error: WireError) -> WireError:
    """A refusal that was worded for callers of fal, as this API words its own."""
    if isinstance(error.body, dict):
        return error
    return refused(error.status, error.note or "cannot be answered", *error.headers)


def _check_parameters(asked: Asked, route: Route) -> None:
    """Refuse parameters that a route does not know, so that a slip of the pen is seen."""
    if not asked.query:
        return

    name = route.query or "NoParameters"
    asked.parameters(getattr(schemas, name))


@cache
def _handler(name: str) -> Callable[[Asked], Any]:
    module, _, function = name.partition(".")
    found: Callable[[Asked], Any] = getattr(
        importlib.import_module(f"fakefal.control.{module}"), function
    )
    return found
