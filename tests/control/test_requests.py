from __future__ import annotations

import pytest
from multidict import CIMultiDict

from fakefal.control.requests import ControlRequest
from fakefal.control.schemas import AdvanceBody, JournalParameters
from fakefal.protocol.errors.errors import ApiError
from tests.building import make_call, make_engine, tenant_of
from tests.control.calls import call, call_json, expect_error, make_context


def make_request(query: str = "", **headers: str) -> ControlRequest:
    header_map = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return ControlRequest(make_context(make_engine(), "token"), header_map, query)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Key a:b"},
        {"x_fakefal_key": "a:b"},
        {"x_fakefal_key": "Key a:b", "Authorization": "Bearer token"},
        {"x_fakefal_key": "a:b", "Authorization": "Key c:d"},
    ],
)
def test_the_key_may_be_in_either_header(headers: dict[str, str]) -> None:
    assert make_request(**headers).tenant.key == "a:b"


def test_a_bearer_token_is_a_key_unless_the_server_has_a_token() -> None:
    assert make_request(Authorization="Bearer token").credential is None
    assert call_json(make_engine(), "GET", "/tenants", key="Bearer a:b") == []
    engine = make_engine()
    call_json(engine, "GET", "/clock", key="Bearer a:b")
    assert [tenant.key for tenant in engine.tenants] == ["a:b"]


def test_a_tenant_may_be_given_in_place_of_its_key() -> None:
    engine = make_engine()
    tenant = tenant_of(engine, "a:b")
    tenant.submit(make_call())
    (listed,) = call_json(engine, "GET", "/tenants", key=None)
    entries = call_json(engine, "GET", f"/journal?tenant={listed['tenant']}", key=None)
    assert entries == call_json(engine, "GET", "/journal", key="Key a:b")
    assert len(entries) == 1


def test_callers_without_a_key_have_a_journal_too() -> None:
    engine = make_engine()
    assert expect_error(engine, "GET", "/journal?tenant=anonymous").status == 404
    engine.record_rejection(None, "POST fal.run/x", 401, "no key")
    (entry,) = call_json(engine, "GET", "/journal?tenant=anonymous")
    assert entry["note"] == "POST fal.run/x: no key"


def test_an_unknown_tenant_is_a_404() -> None:
    error = expect_error(make_engine(), "GET", "/journal?tenant=abcdef")
    assert (error.status, "/_fakefal/tenants" in error.body["detail"]) == (404, True)


@pytest.mark.parametrize("path", ["/journal", "/jobs", "/clock", "/webhooks", "/files"])
def test_most_routes_need_a_single_tenant(path: str) -> None:
    error = expect_error(make_engine(), "GET", f"{path}?tenant=all")
    assert (error.status, "needs a single tenant" in error.body["detail"]) == (400, True)


def test_repeated_parameters_are_a_list() -> None:
    for query in ("kind=call&kind=status", "kind=call,status"):
        assert make_request(query).parse_query(JournalParameters).kind == ["call", "status"]


def test_every_invalid_parameter_is_reported() -> None:
    with pytest.raises(ApiError) as error_info:
        make_request("kind=cal&limit=x").parse_query(JournalParameters)
    detail = error_info.value.body["detail"]
    assert 'kind.0: expected "call"' in detail
    assert "limit: expected a whole number" in detail
    assert detail.endswith(
        "— known: tenant, kind, via, endpoint, request_id, status, method, text, failed, since, "
        "before, limit"
    )


def test_an_optional_body_may_be_empty() -> None:
    assert make_request().parse_body(AdvanceBody) == AdvanceBody()
    assert call(make_engine(), "POST", "/reset").status == 200
