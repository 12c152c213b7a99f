from __future__ import annotations

from dataclasses import replace

from tests.control.asking import ask, make_house, refusal, told
from tests.worlds import exchange, make_call, make_engine, tenant_of


def test_it_is_ready_when_it_listens() -> None:
    house = make_house(make_engine([exchange()]))
    assert ask(house, "GET", "/ready", key=None) == {
        "status": "ready",
        "version": "0.1.0",
        "scenarios": 1,
        "exchanges": 1,
    }
    house = replace(house, is_ready=lambda: False)
    assert refusal(house, "GET", "/ready", key=None).status == 503
    assert ask(house, "GET", "/health", key=None) == {"status": "ok"}


def test_the_version_is_told() -> None:
    found = ask(make_engine(), "GET", "/version", key=None)
    assert (found["version"], found["format"]) == ("0.1.0", 1)


def test_the_certificate_is_told_to_all() -> None:
    answer = told(make_engine(), "GET", "/ca.pem", key=None)
    assert (answer.payload, answer.content_type) == (b"PEM", "application/x-pem-file")


def test_tenants_are_told_without_their_secrets() -> None:
    engine = make_engine([exchange(when={"via": "queue"})])
    tenant_of(engine, "id:secret").submit(make_call())
    tenant_of(engine, "nocolonatall")
    engine.note_refusal(None, "POST fal.run/x", 401, "no key")
    nobody, first, second = ask(engine, "GET", "/tenants", key=None)
    assert (nobody["tenant"], nobody["key"], nobody["calls"]) == ("nobody", "", 0)
    assert (first["key"], first["calls"], first["jobs"], first["misses"]) == ("id:…", 1, 1, 0)
    assert second["key"] == "noco…"
    assert engine.marked(first["tenant"]) is tenant_of(engine, "id:secret")
