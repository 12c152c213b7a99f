"""Compiled routes: their replies in order, and near misses."""

from __future__ import annotations

from typing import Any

from fakefal.protocol.core.route_request import RouteRequest
from fakefal.scenario.compiled.routes import CompiledRoute, route_near_miss
from fakefal.scenario.compiler.routes import compile_route
from fakefal.scenario.model.routes import RouteSpec


def route(**fields: Any) -> CompiledRoute:
    return compile_route(RouteSpec.model_validate(fields), 3, "a.yaml:2")


def test_replies_in_order() -> None:
    replies = [{"text": "a"}, {"text": "b"}]
    last, cycle, once = (route(replies=replies, then=then) for then in ("last", "cycle", "miss"))
    assert [last.replies.index(last.reply_for(used)) for used in range(3)] == [0, 1, 1]
    assert [cycle.replies.index(cycle.reply_for(used)) for used in range(3)] == [0, 1, 0]
    assert (last.capacity, once.capacity) == (None, 2)


def test_a_near_miss_names_the_route_and_the_difference() -> None:
    request = RouteRequest("GET", "fal.ai", "/x")
    unlike = route(when={"method": "POST"}, reply={})
    assert str(route_near_miss(unlike, request, lambda _: False)) == (
        "routes[3] (a.yaml:2): method is GET, wanted POST"
    )
    used_up = route(id="a", reply={}, times=1)
    near = route_near_miss(used_up, request, lambda _: True)
    assert str(near) == '"a" (a.yaml:2): matches, but is used up: it has answered 1 request'
    assert near.matched is used_up


def test_event_streams() -> None:
    streams = [
        route(reply={"stream": chunks}).replies[0].stream for chunks in (["a"], [{"event": 1}])
    ]
    assert [stream is not None and stream.is_event_stream for stream in streams] == [False, True]
