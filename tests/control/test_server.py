from __future__ import annotations

from dataclasses import replace

from tests.building import exchange, make_call, make_engine, tenant_of
from tests.control.calls import call, call_json, expect_error, make_context


def test_the_server_is_ready_when_it_listens() -> None:
    context = make_context(make_engine([exchange()]))
    assert call_json(context, "GET", "/ready", key=None) == {
        "status": "ready",
        "version": "0.1.0",
        "scenarios": 1,
        "exchanges": 1,
    }
    context = replace(context, is_ready=lambda: False)
    assert expect_error(context, "GET", "/ready", key=None).status == 503
    assert call_json(context, "GET", "/health", key=None) == {"status": "ok"}


def test_versions_are_shown() -> None:
    versions = call_json(make_engine(), "GET", "/version", key=None)
    assert (versions["version"], versions["format"]) == ("0.1.0", 1)


def test_the_certificate_is_public() -> None:
    response = call(make_engine(), "GET", "/ca.pem", key=None)
    assert (response.payload, response.content_type) == (b"PEM", "application/x-pem-file")


def test_tenants_are_listed_with_masked_keys() -> None:
    engine = make_engine([exchange(when={"via": "queue"})])
    tenant_of(engine, "id:secret").submit(make_call())
    tenant_of(engine, "nocolonatall")
    engine.record_rejection(None, "POST fal.run/x", 401, "no key")
    anonymous, first, second = call_json(engine, "GET", "/tenants", key=None)
    assert (anonymous["tenant"], anonymous["key"], anonymous["calls"]) == ("anonymous", "", 0)
    assert (first["key"], first["calls"], first["jobs"], first["misses"]) == ("id:…", 1, 1, 0)
    assert second["key"] == "noco…"
    assert engine.tenant_by_tag(first["tenant"]) is tenant_of(engine, "id:secret")
