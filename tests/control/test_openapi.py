from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from fakefal.control.routes import ROUTES
from tests.building import make_engine
from tests.control.calls import call_json, expect_error, make_context


@pytest.fixture(scope="module")
def document() -> Any:
    return call_json(make_context(make_engine()), "GET", "/openapi.json", key=None)


def test_the_description_is_valid(document: Any) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_route_is_in_it_and_nothing_else(document: Any) -> None:
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert described == {(route.method, f"/_fakefal{route.path}") for route in ROUTES}


def test_operation_ids_are_unique(document: Any) -> None:
    ids = [
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    ]
    assert len(set(ids)) == len(ids)


def test_every_schema_is_used(document: Any) -> None:
    text = json.dumps(document)
    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text


def test_parameters_bodies_and_errors_are_described(document: Any) -> None:
    journal = document["paths"]["/_fakefal/journal"]["get"]
    names = [parameter["name"] for parameter in journal["parameters"]]
    assert names == [
        *("tenant", "kind", "via", "endpoint", "request_id", "status", "method", "text", "failed"),
        *("since", "before", "limit"),
    ]
    headers = journal["responses"]["200"]["headers"]
    assert list(headers) == ["x-fakefal-dropped", "x-fakefal-total"]
    put = document["paths"]["/_fakefal/scenarios"]["put"]
    assert set(put["requestBody"]["content"]) == {"application/json", "application/yaml"}
    assert {"200", "400", "401", "403", "404", "413", "422"} == set(put["responses"])
    live = document["paths"]["/_fakefal/journal/live"]["get"]
    assert list(live["responses"]["200"]["content"]) == ["text/event-stream"]
    assert live["parameters"][-1]["name"] == "Last-Event-ID"


def test_security_depends_on_the_token(document: Any) -> None:
    protected = call_json(make_context(make_engine(), "token"), "GET", "/openapi.json", key=None)
    nothing: dict[str, Any] = {}
    for api, requirement in ((document, nothing), (protected, {"token": []})):
        assert requirement in api["paths"]["/_fakefal/metrics"]["get"]["security"]
        assert api["paths"]["/_fakefal/health"]["get"]["security"] == [{}]


def test_it_takes_no_parameters() -> None:
    assert expect_error(make_engine(), "GET", "/openapi.json?x=1").status == 400
