from __future__ import annotations

import importlib
from typing import Any

import pytest

from fakefal.control import schemas
from fakefal.control.routes import ROUTES, find_routes, routes_by_path


def test_paths_are_found_with_and_without_a_slash_and_with_parts() -> None:
    assert find_routes("/jobs/")[0] is find_routes("/jobs")[0]
    routes, parts = find_routes("/jobs/019b")
    assert (list(routes), parts) == (["GET"], {"request_id": "019b"})
    assert find_routes("/jobs/019b/more") == ({}, {})
    assert find_routes("/jobs//") == find_routes("/jobs")
    assert find_routes("")[0] == routes_by_path()["/"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda it: f"{it.method} {it.path}")
def test_every_route_has_a_handler_and_shapes(route: Any) -> None:
    module, _, function = route.handler.partition(".")
    assert callable(getattr(importlib.import_module(f"fakefal.control.{module}"), function))
    for name in (route.query, route.body, route.answer.strip("[]")):
        assert not name or hasattr(schemas, name)
    assert route.summary
    assert bool(route.body) == bool(route.example)


def test_no_route_is_there_twice() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
