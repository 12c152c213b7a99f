"""Routes built in Python."""

from __future__ import annotations

import pytest

from fakefal.errors import FakefalError
from fakefal.scenario.builder import contains
from fakefal.scenario.model.routes import RouteSpec
from fakefal.scenario.route_builder import RouteBuilder, build_route, route_when_data


def test_each_method_writes_its_field() -> None:
    built: list[RouteSpec] = []
    builder = RouteBuilder({"path": "/x"}, built.append)
    builder.json({"a": 1}, status=201).headers({"x": "y"}).pause("1s").faults("reset x2").named("n")
    builder.then.bytes(b"\x00").then.file("a.mp3").content_type("a/b")
    builder.then.stream("a", b"\x01", {"event": 1}, every="1s").then.builtin().cycle().times(9)
    assert built[-1].model_dump(by_alias=True, exclude_unset=True, mode="json") == {
        "id": "n",
        "when": {"path": "/x"},
        "times": 9,
        "then": "cycle",
        "replies": [
            {
                **{"status": 201, "json": {"a": 1}, "headers": {"x": "y"}},
                **{"pause": "1s", "faults": ["reset x2"]},
            },
            {"base64": "AA==", "content_type": "application/octet-stream"},
            {"file": "a.mp3", "content_type": "a/b"},
            {"stream": {"chunks": ["a", {"base64": "AQ=="}, {"event": 1}], "every": "1s"}},
            {"builtin": True},
        ],
    }
    assert builder.once() is builder
    assert built[-1].then == "miss"


def test_a_url_or_a_host_and_a_path() -> None:
    both = {"host": "fal.ai", "path": "/x"}
    assert route_when_data("https://fal.ai/x", None, {}) == both
    assert route_when_data("fal.ai", "/x", {"json": None}) == both
    assert route_when_data("https://fal.ai", None, {}) == {"host": "fal.ai"}
    pattern = {"json": {"a": contains("x")}}
    assert route_when_data(None, None, pattern) == {"json": {"a": {"$contains": "x"}}}
    with pytest.raises(FakefalError, match="leave the path out"):
        route_when_data("https://fal.ai/x", "/y", {})
    with pytest.raises(FakefalError, match="query="):
        route_when_data("https://fal.ai/x?a=1", None, {})


def test_mistakes_are_refused_at_the_call() -> None:
    builder = RouteBuilder({}, lambda _: None)
    with pytest.raises(FakefalError, match="either a name or fields"):
        builder.fail()
    with pytest.raises(FakefalError, match=r"stream.*unknown key"):
        builder.stream(spec=1)
    with pytest.raises(FakefalError, match="a route needs a reply"):
        build_route({})
