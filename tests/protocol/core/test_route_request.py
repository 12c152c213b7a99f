"""The parts of a request that routes match."""

from __future__ import annotations

from fakefal.protocol.core.forms import URLENCODED
from fakefal.protocol.core.route_request import MAX_SHOWN_BYTES, RouteRequest


def test_json_query_and_text() -> None:
    request = RouteRequest("POST", "fal.ai", "/x", "a=1&a=2&b=", {}, b'{"n": null}')
    assert (request.has_json, request.json, request.form) == (True, {"n": None}, None)
    assert request.query == {"a": ["1", "2"], "b": ""}
    assert str(request) == "POST fal.ai/x"
    assert request.describe() == {
        **{"method": "POST", "host": "fal.ai", "path": "/x", "headers": {}},
        **{"query": {"a": ["1", "2"], "b": ""}, "json": {"n": None}},
    }


def test_null_is_json_and_nothing_is_not() -> None:
    assert RouteRequest("GET", "h", "/", body=b"null").has_json
    assert not RouteRequest("GET", "h", "/").has_json
    assert not RouteRequest("GET", "h", "/", body=b"{").has_json


def test_a_form_and_other_bytes_are_described() -> None:
    form = RouteRequest("PUT", "h", "/", headers={"content-type": URLENCODED}, body=b"a=b")
    assert form.describe()["form"] == {"a": "b"}
    large = RouteRequest("PUT", "h", "/", body=b"\xff" * (MAX_SHOWN_BYTES + 1)).describe()
    assert (len(large["body"]), large["body_size"]) == (MAX_SHOWN_BYTES, MAX_SHOWN_BYTES + 1)
