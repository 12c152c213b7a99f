from __future__ import annotations

import json

import pytest

from fakefal.routing import Route, compile_path, matching_routes


@pytest.mark.parametrize(
    ("pattern", "path", "parameters"),
    [
        ("/jobs", "/jobs", {}),
        ("/jobs/{id}", "/jobs/019b", {"id": "019b"}),
        ("/jobs/{id}", "/jobs/019b/logs", None),
        ("/jobs/{id}", "/jobs/", None),
        ("/ca.pem", "/caxpem", None),
        ("{app:[^/].*?}/stream", "fal-ai/any-llm/stream", {"app": "fal-ai/any-llm"}),
        ("{app:[^/].*?}/{id}", "a/b/c", {"app": "a/b", "id": "c"}),
        ("{app:v1(?:/.*)?}", "v1/models", {"app": "v1/models"}),
        ("{app}", "line\nbreak", {"app": "line\nbreak"}),
    ],
)
def test_a_path_matches_its_pattern(
    pattern: str, path: str, parameters: dict[str, str] | None
) -> None:
    match = compile_path(pattern).fullmatch(path)
    assert (None if match is None else match.groupdict()) == parameters


def test_routes_match_in_the_order_of_the_table() -> None:
    routes = [
        Route("GET", "jobs/{id}", len),
        Route("PUT", "jobs/{id}", len),
        Route("GET", "{all:.+}", len),
    ]
    matches = [*matching_routes(routes, "jobs/1")]
    assert matches == [
        (routes[0], {"id": "1"}),
        (routes[1], {"id": "1"}),
        (routes[2], {"all": "jobs/1"}),
    ]
    assert [route for route, _ in matching_routes(routes, "jobs/1", "PUT")] == [routes[1]]
    assert not [*matching_routes(routes[:2], "files/1")]


def test_a_handler_is_a_function_or_imported_by_name() -> None:
    assert Route("GET", "/", len).load_handler("json") is len
    assert Route("GET", "/", "decoder.JSONDecoder").load_handler("json") is json.JSONDecoder
