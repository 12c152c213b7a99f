from __future__ import annotations

import json
from typing import Any

import pytest

from fakefal.control.api import COMMANDS, answer, notes
from fakefal.engine.clock import START
from fakefal.engine.engine import Engine
from fakefal.protocol.errors import WireError
from fakefal.settings import Limits
from tests.callers import calling
from tests.worlds import ANY_LLM, exchange, make_call, make_engine, tenant_of

KEY = "Key id:secret"


def ask(engine: Engine, method: str, path: str, body: Any = None, key: str | None = KEY) -> Any:
    status, found = answer(
        engine, method, path, key, b"" if body is None else json.dumps(body).encode()
    )
    assert status == 200
    return found


def refusal(engine: Engine, method: str, path: str, body: bytes = b"", **more: Any) -> WireError:
    with pytest.raises(WireError) as caught:
        answer(engine, method, path, more.get("key", KEY), body)
    return caught.value


@pytest.mark.parametrize("path", ["/", "/health", "/health/"])
def test_health_needs_no_key(path: str) -> None:
    assert ask(make_engine(), "GET", path, key=None) == {"status": "ok"}


def test_the_clock_of_the_key_is_told_and_moved() -> None:
    engine = make_engine()
    assert ask(engine, "GET", "/clock")["now"] == START
    assert ask(engine, "POST", "/clock/advance", {"by": "90s"})["now"] == START + 90
    assert ask(engine, "POST", "/clock/advance/", 1.5)["now"] == START + 91.5
    assert tenant_of(engine).clock.now() == START + 91.5
    assert ask(engine, "GET", "/clock", key="Key other")["now"] == START


@pytest.mark.parametrize("body", [{}, {"by": None}, {"by": True}, {"by": []}, [], {"by": "soon"}])
def test_what_is_no_duration_is_a_400_with_an_example(body: Any) -> None:
    error = refusal(make_engine(), "POST", "/clock/advance", json.dumps(body).encode())
    assert error.status == 400
    assert "90s" in error.body["detail"]


def test_journal_jobs_and_misses_of_the_key_are_told() -> None:
    engine = make_engine([exchange(when={"via": "queue"})])
    tenant = tenant_of(engine)
    job = tenant.submit(make_call())
    with pytest.raises(WireError, match="404"):
        tenant.stream(make_call(via="stream"))
    assert [it["status"] for it in ask(engine, "GET", "/journal")] == [200, 404]
    assert [it["request_id"] for it in ask(engine, "GET", "/jobs")] == [job.id]
    (miss,) = ask(engine, "GET", "/misses")
    assert miss.startswith("no exchange for fal-ai/any-llm (stream); nearest: ")
    for path in ("/journal", "/jobs", "/misses"):
        assert ask(engine, "GET", path, key="Key other") == []


def test_asking_changes_nothing() -> None:
    engine = make_engine()
    job = tenant_of(engine).submit(make_call())
    for _ in range(5):
        for command in COMMANDS:
            if command.method == "GET":
                ask(engine, "GET", command.path)
    assert tenant_of(engine).status(ANY_LLM, job.id, with_logs=False).status == "IN_QUEUE"


def test_a_reset_forgets_what_the_key_did_and_nothing_else() -> None:
    engine = make_engine()
    for key in ("id:secret", "other"):
        tenant_of(engine, key).submit(make_call())
    assert ask(engine, "POST", "/reset") == {"reset": True}
    assert ask(engine, "GET", "/journal") == []
    assert len(ask(engine, "GET", "/journal", key="Key other")) == 1


def test_a_reset_through_the_home_is_seen_by_all_keys() -> None:
    engine = make_engine()
    engine.home = engine.renew("home")
    tenant_of(engine, "any").submit(make_call())
    ask(engine, "POST", "/reset", key="Key any")
    assert ask(engine, "GET", "/journal", key="Key another") == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda it: f"{it.method} {it.path}")
def test_every_command_wants_its_method_and_a_key(command: Any) -> None:
    engine = make_engine()
    other = refusal(engine, "DELETE", command.path)
    assert (other.status, other.body) == (
        405,
        {"detail": f"use {command.method} for /_fakefal{command.path}"},
    )
    nobody = refusal(engine, command.method, command.path, key=None)
    assert nobody.status == 401
    assert "Authorization: Key" in nobody.body["detail"]
    assert command.summary


def test_an_unknown_route_is_a_404_that_lists_the_known_ones() -> None:
    error = refusal(make_engine(), "GET", "/clok")
    assert error.status == 404
    for command in COMMANDS:
        assert f"/_fakefal{command.path}" in error.body["detail"]


def test_a_key_that_is_not_good_is_a_401() -> None:
    assert refusal(make_engine(keys=frozenset({"good"})), "GET", "/clock").status == 401


@pytest.mark.parametrize("body", [b"{", b"\xff", b"NaN"])
def test_a_body_that_is_not_json_is_a_400(body: bytes) -> None:
    error = refusal(make_engine(), "POST", "/clock/advance", body)
    assert error.status == 400
    assert error.body["detail"].startswith("the body is not JSON: ")


async def test_the_api_is_served_beside_the_fal_hosts() -> None:
    async with calling() as caller:
        await caller.run()
        told = await caller.ask("GET", "/_fakefal/journal", host=None)
        assert (told.status, told.headers["Content-Type"]) == (200, "application/json")
        assert [it["kind"] for it in told.json] == ["call"]
        moved = await caller.ask("POST", "/_fakefal/clock/advance", host=None, json={"by": "1m"})
        assert moved.json["iso"] == "2026-01-01T00:01:00.000000Z"
        lost = await caller.ask("GET", "/_fakefal/nothing", host=None)
        assert lost.status == 404


async def test_a_full_journal_says_how_many_entries_it_has_let_go() -> None:
    async with calling(limits=Limits(entries=2)) as caller:
        for count, dropped in enumerate(["0", "0", "0", "1", "2"]):
            told = await caller.ask("GET", "/_fakefal/journal/", host=None)
            assert (len(told.json), told.headers["x-fakefal-dropped"]) == (min(count, 2), dropped)
            await caller.run()
        jobs = await caller.ask("GET", "/_fakefal/jobs", host=None)
        assert "x-fakefal-dropped" not in jobs.headers


def test_only_the_journal_has_notes_and_only_for_a_key() -> None:
    engine = make_engine()
    assert notes(engine, "/journal", KEY) == (("x-fakefal-dropped", "0"),)
    assert notes(engine, "/journal", None) == ()
    assert notes(engine, "/jobs", KEY) == ()
