"""Routes of a tenant: order, counts, faults, misses."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.engine.controls import Controls
from fakefal.engine.engine import Engine
from fakefal.engine.routes.resolver import RouteAnswer
from fakefal.engine.scenario_controls import ScenarioControls
from fakefal.protocol.core.route_request import RouteRequest
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import FaultAbort
from fakefal.scenario.compiler.routes import compile_route
from fakefal.scenario.files.loader import load_data
from fakefal.scenario.model.routes import RouteSpec
from fakefal.settings import Settings

REQUEST = RouteRequest("GET", "fal.ai", "/x")


def engine_with(*routes: dict[str, Any], **parts: Any) -> Engine:
    data = {"fakefal": 1, "routes": list(routes), **parts}
    return Engine(Settings(clock="manual"), [load_data(data)])


def route(text: str, **fields: Any) -> dict[str, Any]:
    return {"reply": {"text": text}, **fields}


def answer(engine: Engine, request: RouteRequest = REQUEST, key: str = "a:b") -> RouteAnswer | None:
    tenant = engine.find(key) or engine.reset_tenant(key)
    return tenant.routes.answer(request, str)


def text_of(engine: Engine, request: RouteRequest = REQUEST) -> str:
    result = answer(engine, request)
    return "" if result is None else result.rendered.payload.decode()


def test_the_first_route_that_is_not_used_up_answers() -> None:
    engine = engine_with(
        route("a", times=1), route("b", when={"path": "/y"}), route("c {{ count }}")
    )
    assert [text_of(engine) for _ in range(3)] == ["a", "c 1", "c 2"]
    assert text_of(engine, RouteRequest("GET", "fal.ai", "/y")) == "b"


def test_own_routes_come_first() -> None:
    engine = engine_with(route("loaded"))
    controls = Controls(engine, "a:b")
    spec = RouteSpec.model_validate(route("own", times=1))
    controls.put_route(0, compile_route(spec, 0))
    assert [text_of(engine), text_of(engine)] == ["own", "loaded"]
    controls.put_route(0, compile_route(spec, 0))
    assert text_of(engine) == "own"


def test_tenants_count_for_themselves() -> None:
    engine = engine_with(route("a", times=1))
    assert answer(engine, key="a:b") is not None
    assert answer(engine, key="c:d") is not None
    assert answer(engine, key="a:b") is None


def test_a_fault_without_a_response_is_journalled() -> None:
    engine = engine_with({"reply": {"text": "a", "faults": ["reset", "503"]}})
    with pytest.raises(FaultAbort):
        answer(engine)
    with pytest.raises(FaultAbort) as caught:
        answer(engine)
    assert caught.value.fault.journal_status == 503
    assert text_of(engine) == "a"
    (tenant,) = engine.tenants
    entries = [entry.body() for entry in tenant.journal]
    assert [(entry["status"], entry["exchange"]) for entry in entries] == [
        *[(0, "routes[0]"), (503, "routes[0]"), (200, "routes[0]")]
    ]
    assert entries[0]["request"] == {
        **{"method": "GET", "host": "fal.ai", "path": "/x", "headers": {}}
    }


def test_a_miss_names_three_routes() -> None:
    routes = [route("a", when={"host": "fal.ai", "path": f"/{name}"}) for name in "abcd"]
    engine = engine_with(
        *routes, {"when": {"host": "*.fal.ai"}, "reply": {"text": "z"}, "times": 1}
    )
    tenant = engine.reset_tenant("a:b")
    resolver = tenant.routes
    assert resolver.is_miss(REQUEST)
    assert resolver.is_miss(RouteRequest("GET", "acme.dev", "/"))
    assert not resolver.is_miss(RouteRequest("GET", "fal.run", "/"))
    error = resolver.miss(REQUEST)
    assert error.status == 404
    (miss,) = tenant.journal.misses
    assert len(miss.nearest) == 3
    assert miss.subject == "GET fal.ai/x"
    assert miss.describe()["request"]["path"] == "/x"


def test_a_template_that_fails() -> None:
    with pytest.raises(ApiError) as caught:
        answer(engine_with(route("{{ json.a.b }}")))
    assert caught.value.status == 500


def test_scenarios_that_are_sent_have_routes_too() -> None:
    engine = engine_with(route("loaded"))
    tenant = engine.reset_tenant("a:b")
    controls = ScenarioControls(engine, tenant)
    sent = load_data({"fakefal": 1, "routes": [route("sent", times=1)]})
    controls.append(sent)
    assert text_of(engine) == "sent"
    described = controls.describe()["routes"]
    assert [(item["used"], item["is_used_up"]) for item in described] == [(1, True), (0, False)]
    controls.append(sent)
    controls.clear()
    assert text_of(engine) == "loaded"
    for_all = ScenarioControls(engine, None)
    for_all.append(load_data({"fakefal": 1, "routes": [route("more", when={"path": "/y"})]}))
    assert [item["used"] for item in for_all.describe()["routes"]] == [1, 0]
