from __future__ import annotations

from typing import Any

import pytest

from fakefal.control.api import is_public, to_control_error
from fakefal.control.requests import control_error
from fakefal.control.routes import ROUTES, find_routes
from fakefal.protocol.errors.ingress import ingress_error
from fakefal.settings import Limits
from tests.building import ANY_LLM, make_call, make_engine, tenant_of
from tests.callers import running_caller
from tests.control.calls import call, call_json, expect_error

PATHS = [*dict.fromkeys(route.path for route in ROUTES)]


def test_get_requests_change_nothing() -> None:
    engine = make_engine()
    job = tenant_of(engine).submit(make_call())
    for _ in range(3):
        for route in ROUTES:
            if route.method == "GET" and route.content_type != "text/event-stream":
                call(engine, "GET", route.path.replace("{request_id}", job.id))
    assert tenant_of(engine).status(ANY_LLM, job.id, with_logs=False).status == "IN_QUEUE"


def test_routes_about_one_key_need_a_key() -> None:
    others = []
    for route in ROUTES:
        bodies: dict[str, Any] = {
            "AdvanceBody": {"by": 1},
            "PublishBody": {"rotate": True},
            "Scenario": route.example,
        }
        body = bodies.get(route.body_model, {} if route.body_model else None)
        if route.scope == "key":
            error = expect_error(make_engine(), route.method, route.path, body, key=None)
            if error.status != 401 or "Authorization: Key" not in error.body["detail"]:
                others.append((route.method, route.path, error.status, error.body))
    assert others == []


def test_a_wrong_method_is_a_405_with_the_allowed_ones() -> None:
    others = []
    for path in PATHS:
        error = expect_error(make_engine(), "PATCH", path)
        allowed = dict(error.headers)["Allow"].split(", ")
        options = call(make_engine(), "OPTIONS", path)
        is_right = (
            error.status == 405
            and {"OPTIONS", *find_routes(path)[0]} <= set(allowed)
            and error.body["detail"].startswith("use ")
            and (options.status, options.payload) == (204, b"")
            and dict(options.headers)["Allow"].split(", ") == allowed
        )
        if not is_right:
            others.append((path, error.status, allowed, options))
    assert others == []


def test_an_unknown_route_is_a_404_with_all_routes() -> None:
    error = expect_error(make_engine(), "GET", "/clok")
    assert error.status == 404
    assert set(error.body["routes"]) == {f"/_fakefal{path}" for path in PATHS}
    assert all(known in error.body["detail"] for known in error.body["routes"])


def test_an_unknown_parameter_is_a_400() -> None:
    others = []
    for route in ROUTES:
        if route.method == "GET":
            error = expect_error(make_engine(), "GET", f"{route.path}?knid=call")
            if error.status != 400 or "knid: unknown name" not in error.body["detail"]:
                others.append((route.path, error.status, error.body))
    assert others == []


def test_head_is_like_get() -> None:
    engine = make_engine()
    assert call(engine, "HEAD", "/clock").payload == call(engine, "GET", "/clock").payload
    live = call(engine, "HEAD", "/journal/live")
    assert (live.content_type, live.events) == ("text/event-stream", None)


def test_an_invalid_key_is_a_401() -> None:
    assert expect_error(make_engine(keys=frozenset({"good"})), "GET", "/clock").status == 401


@pytest.mark.parametrize("body", [b"{", b"\xff", b"NaN"])
def test_a_body_that_is_not_json_is_a_400(body: bytes) -> None:
    error = expect_error(make_engine(), "POST", "/clock/advance", body)
    assert error.status == 400
    assert error.body["detail"].startswith("the body is not JSON: ")


def test_four_paths_are_public() -> None:
    assert {path for path in PATHS if is_public(path)} == {
        "/",
        "/health",
        "/ready",
        "/ca.pem",
    }
    assert is_public("/health/")
    assert not is_public("/healthy")


def test_ingress_errors_get_the_format_of_this_api() -> None:
    error = to_control_error(ingress_error(413, "the body is over 5 bytes"))
    assert (error.status, error.body) == (413, {"detail": "the body is over 5 bytes"})
    assert to_control_error(control_error(400, "no")).body == {"detail": "no"}


async def test_the_api_is_served_beside_the_fal_hosts() -> None:
    async with running_caller() as caller:
        await caller.run()
        response = await caller.request("GET", "/_fakefal/journal", host=None)
        assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
        assert [entry["kind"] for entry in response.json] == ["call"]
        advanced = await caller.request(
            "POST", "/_fakefal/clock/advance", host=None, json={"by": "1m"}
        )
        assert advanced.json["iso"] == "2026-01-01T00:01:00.000000Z"
        missing = await caller.request("GET", "/_fakefal/nothing", host=None)
        assert (missing.status, "x-fal-request-id" in missing.headers) == (404, False)


async def test_a_full_journal_reports_dropped_entries() -> None:
    async with running_caller(limits=Limits(journal_entries=2)) as caller:
        for count, dropped in enumerate(["0", "0", "0", "1", "2"]):
            response = await caller.request("GET", "/_fakefal/journal/", host=None)
            assert (len(response.json), response.headers["x-fakefal-dropped"]) == (
                min(count, 2),
                dropped,
            )
            await caller.run()
        jobs = await caller.request("GET", "/_fakefal/jobs", host=None)
        assert "x-fakefal-dropped" not in jobs.headers


def test_health_is_available_under_three_paths() -> None:
    for path in ("/", "/health", "/health/"):
        assert call_json(make_engine(), "GET", path, key=None) == {"status": "ok"}
