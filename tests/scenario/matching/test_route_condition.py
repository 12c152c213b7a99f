"""Which requests a route matches, and why others do not."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.core.route_request import RouteRequest
from fakefal.scenario.compiler.routes import compile_route_condition
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.matching.route_condition import (
    RouteCondition,
    compile_route_host,
    compile_route_path,
)
from fakefal.scenario.model.routes import RouteWhen
from tests.cases import failures


def condition(**when: Any) -> RouteCondition:
    return compile_route_condition(RouteWhen.model_validate(when))


def request(**fields: Any) -> RouteRequest:
    return RouteRequest(**{"method": "GET", "host": "api.fal.ai", "path": "/v1/keys/k-1", **fields})


def test_paths() -> None:
    def check(pattern: str, path: str, parameters: dict[str, str] | None) -> None:
        assert compile_route_path(pattern).parameters(path) == parameters

    cases: list[tuple[str, str, Any]] = [
        ("/a", "/a", {}),
        ("/a", "/a/", {}),
        ("/a/", "/a", {}),
        ("/", "/", {}),
        ("/a", "/b", None),
        ("/a/{id}", "/a/1", {"id": "1"}),
        ("/a/{id}", "/a/1/2", None),
        ("/a/{id}/c", "/a/1/c", {"id": "1"}),
        ("/a/{id}.png", "/a/1.png", {"id": "1"}),
        ("/a/*", "/a/1/2", {}),
        ("/a/*", "/a/", {}),
        ("*/c", "/a/b/c", {}),
        ("/a.b", "/axb", None),
        ("*", "/", {}),
    ]
    assert failures(check, cases) == []


@pytest.mark.parametrize(("path", "text"), [("/{a b}", "no valid name"), ("/{a}/{a}", "twice")])
def test_paths_that_cannot_be_compiled(path: str, text: str) -> None:
    with pytest.raises(PatternError, match=text):
        compile_route_path(path)


def test_hosts() -> None:
    assert compile_route_host("Rest.alpha.fal.ai").matches("rest.fal.ai")
    assert compile_route_host("*.fal.ai").matches("api.fal.ai")
    assert not compile_route_host("*.fal.ai").matches("fal.run")


CONDITIONS: list[dict[str, Any]] = [
    {},
    {"host": "api.fal.ai"},
    {"host": ["fal.ai", "api.fal.ai"], "method": "get", "path": "/v1/keys/{id}"},
    {"query": {"limit": 5, "tag": ["a", "b"], "cursor": {"$absent": True}}},
    {"headers": {"X-A": {"$regex": "^1"}}},
]
OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"host": "fal.ai"}, "host is api.fal.ai, wanted fal.ai"),
    ({"method": "POST"}, "method is GET, wanted POST"),
    ({"path": "/v2"}, "path is /v1/keys/k-1, wanted /v2"),
    ({"query": {"limit": 6}}, "query.limit"),
    ({"headers": {"x-b": "1"}}, "headers.x-b"),
    ({"json": {}}, "json"),
    ({"form": {"a": "1"}}, "form"),
    ({"body": "x"}, "body"),
]


def test_a_request_matches_or_the_differences_say_why() -> None:
    call = request(query_string="limit=5&tag=a&tag=b", headers={"x-a": "123"})

    def matches(when: dict[str, Any]) -> None:
        assert condition(**when).matches(call)
        assert condition(**when).differences(call) == []

    def differs(when: dict[str, Any], text: str) -> None:
        assert not condition(**when).matches(call)
        (difference,) = condition(**when).differences(call)
        assert str(difference).startswith(text)

    assert failures(matches, CONDITIONS) + failures(differs, OTHERS) == []


def test_bodies() -> None:
    json = request(body=b'{"a": [1], "b": null}')
    assert condition(json={"a": [1]}).matches(json)
    assert not condition(json={"a": [2]}).matches(json)
    assert condition(json=None).matches(request(body=b"null"))
    assert not condition(json=None).matches(request(body=b""))
    assert condition(body={"$contains": "hello"}).matches(request(body=b"\xff hello"))


def test_names_of_hosts_and_parameters() -> None:
    assert condition(host="fal.ai").names_host("fal.ai")
    assert condition().names_host("anything")
    assert condition(path="/v1/keys/{id}").parameters("/v1/keys/k-1") == {"id": "k-1"}
    assert condition().parameters("/x") == {}
