from __future__ import annotations

from typing import Any

import pytest

from fakefal.control.api import is_public, to_control_error
from fakefal.control.requests import control_error
from fakefal.control.routes import ROUTES, routes_by_path
from fakefal.protocol.errors.ingress import ingress_error
from fakefal.settings import Limits
from tests.building import ANY_LLM, make_call, make_engine, tenant_of
from tests.callers import running_caller
from tests.control.calls import call, call_json, expect_error

KEYED = [route for route in ROUTES if route.scope == "key"]


def route_id(route: Any) -> str:
    return f"{route.method} {route.path}"


def test_asking_changes_nothing() -> None:
    engine = make_engine()
    job = tenant_of(engine).submit(make_call())
    for _ in range(3):
        for route in ROUTES:
            if route.method == "GET" and route.content_type != "text/event-stream":
                call(engine, "GET", route.path.replace("{request_id}", job.id))
    assert tenant_of(engine).status(ANY_LLM, job.id, with_logs=False).status == "IN_QUEUE"


@pytest.mark.parametrize("route", KEYED, ids=route_id)
def test_what_is_about_one_key_wants_a_key(route: Any) -> None:
    body = {"by": 1} if route.body == "Advance" else route.example if route.body else None
    if route.body in ("Redeliver", "ResetBody", "Publish"):
        body = {"rotate": True} if route.body == "Publish" else {}
    error = expect_error(make_engine(), route.method, route.path, body, key=None)
    assert error.status == 401
    assert "Authorization: Key" in error.body["detail"]


@pytest.mark.parametrize("path", list(routes_by_path()))
def test_a_wrong_method_is_told_the_right_ones(path: str) -> None:
    error = expect_error(make_engine(), "PATCH", path)
    allowed = dict(error.headers)["Allow"].split(", ")
    assert (error.status, "OPTIONS" in allowed) == (405, True)
    assert {route.method for route in routes_by_path()[path].values()} <= set(allowed)
    assert error.body["detail"].startswith("use ")
    options = call(make_engine(), "OPTIONS", path)
    assert (options.status, options.payload) == (204, b"")
    assert dict(options.headers)["Allow"].split(", ") == allowed


def test_an_unknown_route_is_told_the_known_ones() -> None:
    error = expect_error(make_engine(), "GET", "/clok")
    assert error.status == 404
    assert set(error.body["routes"]) == {f"/_fakefal{path}" for path in routes_by_path()}
    assert all(known in error.body["detail"] for known in error.body["routes"])


@pytest.mark.parametrize("route", [it for it in ROUTES if it.method == "GET"], ids=route_id)
def test_a_parameter_that_is_not_known_is_refused(route: Any) -> None:
    error = expect_error(make_engine(), "GET", f"{route.path}?knid=call")
    assert error.status == 400
    assert "knid: is not known here" in error.body["detail"]


def test_a_head_is_what_a_get_would_say() -> None:
    engine = make_engine()
    assert call(engine, "HEAD", "/clock").payload == call(engine, "GET", "/clock").payload
    live = call(engine, "HEAD", "/journal/live")
    assert (live.content_type, live.events) == ("text/event-stream", None)


def test_a_key_that_is_not_good_is_a_401() -> None:
    assert expect_error(make_engine(keys=frozenset({"good"})), "GET", "/clock").status == 401


@pytest.mark.parametrize("body", [b"{", b"\xff", b"NaN"])
def test_a_body_that_is_not_json_is_a_400(body: bytes) -> None:
    error = expect_error(make_engine(), "POST", "/clock/advance", body)
    assert error.status == 400
    assert error.body["detail"].startswith("the body is not JSON: ")


def test_four_paths_are_told_to_everybody() -> None:
    assert {path for path in routes_by_path() if is_public(path)} == {
        "/",
        "/health",
        "/ready",
        "/ca.pem",
    }
    assert is_public("/health/")
    assert not is_public("/healthy")


def test_pages_of_the_load_balancer_are_worded_anew() -> None:
    error = to_control_error(ingress_error(413, "the body is over 5 bytes"))
    assert (error.status, error.body) == (413, {"detail": "the body is over 5 bytes"})
    assert to_control_error(control_error(400, "no")).body == {"detail": "no"}


async def test_the_api_is_served_beside_the_fal_hosts() -> None:
    async with running_caller() as caller:
        await caller.run()
        heard = await caller.request("GET", "/_fakefal/journal", host=None)
        assert (heard.status, heard.headers["Content-Type"]) == (200, "application/json")
        assert [it["kind"] for it in heard.json] == ["call"]
        moved = await caller.request(
            "POST", "/_fakefal/clock/advance", host=None, json={"by": "1m"}
        )
        assert moved.json["iso"] == "2026-01-01T00:01:00.000000Z"
        lost = await caller.request("GET", "/_fakefal/nothing", host=None)
        assert (lost.status, "x-fal-request-id" in lost.headers) == (404, False)


async def test_a_full_journal_says_how_many_entries_it_has_let_go() -> None:
    async with running_caller(limits=Limits(journal_entries=2)) as caller:
        for count, dropped in enumerate(["0", "0", "0", "1", "2"]):
            heard = await caller.request("GET", "/_fakefal/journal/", host=None)
            assert (len(heard.json), heard.headers["x-fakefal-dropped"]) == (min(count, 2), dropped)
            await caller.run()
        jobs = await caller.request("GET", "/_fakefal/jobs", host=None)
        assert "x-fakefal-dropped" not in jobs.headers


def test_health_is_told_as_ever() -> None:
    for path in ("/", "/health", "/health/"):
        assert call_json(make_engine(), "GET", path, key=None) == {"status": "ok"}
