from __future__ import annotations

from fakefal.control import schemas
from fakefal.control.routes import ROUTES, find_routes


def test_paths_match_with_trailing_slashes_and_parameters() -> None:
    assert find_routes("/jobs/")[0] == find_routes("/jobs")[0]
    routes, parameters = find_routes("/jobs/019b")
    assert (list(routes), parameters) == (["GET"], {"request_id": "019b"})
    assert find_routes("/jobs/019b/more") == ({}, {})
    assert find_routes("/jobs//") == find_routes("/jobs")
    assert [*find_routes("")[0].values()] == [route for route in ROUTES if route.path == "/"]


def test_every_route_has_a_handler_and_schemas() -> None:
    problems = []
    for route in ROUTES:
        models = {route.query_model, route.body_model, route.response.strip("[]")} - {""}
        problems += [f"{route}: no schema {name}" for name in models if not hasattr(schemas, name)]
        if not callable(route.load_handler("fakefal.control")):
            problems.append(f"{route}: no handler")
        if not route.summary or bool(route.body_model) != bool(route.example):
            problems.append(f"{route}: no summary, or a body without example")
    assert problems == []


def test_routes_are_unique() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
