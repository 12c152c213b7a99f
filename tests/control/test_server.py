from __future__ import annotations

from dataclasses import replace

from tests.building import exchange, make_call, make_engine, tenant_of
from tests.control.calls import call, call_json, expect_error, make_context


def test_it_is_ready_when_it_listens() -> None:
    house = make_context(make_engine([exchange()]))
    assert call_json(house, "GET", "/ready", key=None) == {
        "status": "ready",
        "version": "0.1.0",
        "scenarios": 1,
        "exchanges": 1,
    }
    house = replace(house, is_ready=lambda: False)
    assert expect_error(house, "GET", "/ready", key=None).status == 503
    assert call_json(house, "GET", "/health", key=None) == {"status": "ok"}


def test_the_version_is_told() -> None:
    found = call_json(make_engine(), "GET", "/version", key=None)
    assert (found["version"], found["format"]) == ("0.1.0", 1)


def test_the_certificate_is_told_to_all() -> None:
    answer = call(make_engine(), "GET", "/ca.pem", authorization=None)
    assert (answer.payload, answer.content_type) == (b"PEM", "application/x-pem-file")


def test_tenants_are_told_without_their_secrets() -> None:
    engine = make_engine([exchange(when={"via": "queue"})])
    tenant_of(engine, "id:secret").submit(make_call())
    tenant_of(engine, "nocolonatall")
    engine.record_rejection(None, "POST fal.run/x", 401, "no key")
    nobody, first, second = call_json(engine, "GET", "/tenants", key=None)
    assert (nobody["tenant"], nobody["key"], nobody["calls"]) == ("nobody", "", 0)
    assert (first["key"], first["calls"], first["jobs"], first["misses"]) == ("id:…", 1, 1, 0)
    assert second["key"] == "noco…"
    assert engine.tenant_by_tag(first["tenant"]) is tenant_of(engine, "id:secret")
