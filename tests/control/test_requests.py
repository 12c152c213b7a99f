from __future__ import annotations

import pytest
from multidict import CIMultiDict

from fakefal.control.requests import ControlRequest
from fakefal.control.schemas import AdvanceBody, JournalParameters
from fakefal.protocol.errors.errors import ApiError
from tests.building import make_call, make_engine, tenant_of
from tests.control.calls import call, call_json, expect_error, make_context


def asked(query: str = "", **headers: str) -> ControlRequest:
    given = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return ControlRequest(make_context(make_engine(), "token"), given, query)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Key a:b"},
        {"x_fakefal_key": "a:b"},
        {"x_fakefal_key": "Key a:b", "Authorization": "Bearer token"},
        {"x_fakefal_key": "a:b", "Authorization": "Key c:d"},
    ],
)
def test_the_key_is_in_either_of_two_headers(headers: dict[str, str]) -> None:
    assert asked(**headers).tenant.key == "a:b"


def test_what_is_borne_is_a_key_only_where_no_token_is_demanded() -> None:
    assert asked(Authorization="Bearer token").credential is None
    assert call_json(make_engine(), "GET", "/tenants", key="Bearer a:b") == []
    engine = make_engine()
    call_json(engine, "GET", "/clock", key="Bearer a:b")
    assert [tenant.key for tenant in engine.tenants] == ["a:b"]


def test_a_tenant_may_be_named_instead_of_its_key() -> None:
    engine = make_engine()
    tenant = tenant_of(engine, "a:b")
    tenant.submit(make_call())
    (known,) = call_json(engine, "GET", "/tenants", key=None)
    named = call_json(engine, "GET", f"/journal?tenant={known['tenant']}", key=None)
    assert named == call_json(engine, "GET", "/journal", key="Key a:b")
    assert len(named) == 1


def test_callers_without_a_key_have_a_journal_too() -> None:
    engine = make_engine()
    assert expect_error(engine, "GET", "/journal?tenant=nobody").status == 404
    engine.record_rejection(None, "POST fal.run/x", 401, "no key")
    (entry,) = call_json(engine, "GET", "/journal?tenant=nobody")
    assert entry["note"] == "POST fal.run/x: no key"


def test_a_tenant_that_there_is_not_is_a_404() -> None:
    error = expect_error(make_engine(), "GET", "/journal?tenant=abcdef")
    assert (error.status, "/_fakefal/tenants" in error.body["detail"]) == (404, True)


@pytest.mark.parametrize("path", ["/journal", "/jobs", "/clock", "/webhooks", "/files"])
def test_most_is_told_of_one_key_at_a_time(path: str) -> None:
    error = expect_error(make_engine(), "GET", f"{path}?tenant=all")
    assert (error.status, "one key at a time" in error.body["detail"]) == (400, True)


def test_repeated_parameters_are_a_list() -> None:
    for query in ("kind=call&kind=status", "kind=call,status"):
        assert asked(query).parse_query(JournalParameters).kind == ["call", "status"]


def test_each_thing_that_is_wrong_is_named_with_what_would_be_right() -> None:
    with pytest.raises(ApiError) as caught:
        asked("kind=cal&limit=x").parse_query(JournalParameters)
    detail = caught.value.body["detail"]
    assert "kind.0: Input should be 'call'" in detail
    assert "limit: Input should be a valid integer" in detail
    assert detail.endswith("— known: tenant, kind, via, endpoint, request_id, since, limit")


def test_a_body_may_be_left_out_where_nothing_must_be_said() -> None:
    assert asked().parse_body(AdvanceBody) == AdvanceBody()
    assert call(make_engine(), "POST", "/reset").status == 200
