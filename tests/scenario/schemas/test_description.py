"""Reading descriptions within bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakefal.scenario.schemas.description import (
    MAX_BYTES,
    SchemaError,
    description_of,
    parse_description,
)
from tests.cases import failures
from tests.scenario.schemas.endpoint_models import ENDPOINTS, describe


def test_endpoint_input_and_output_are_found() -> None:
    def check(endpoint: str) -> None:
        description = parse_description(json.dumps(describe(endpoint)).encode())
        input_model, output_model = ENDPOINTS[endpoint]
        assert description.endpoint == endpoint
        names = [
            str(it and it["$ref"]).rpartition("/")[2]
            for it in (description.input_schema, description.output_schema)
        ]
        assert names == [input_model.__name__, output_model.__name__]

    assert failures(check, ENDPOINTS) == []


def test_a_description_of_the_direct_endpoint_has_its_output_in_the_response() -> None:
    content = {"application/json": {"schema": {"type": "string"}, "example": "x"}}
    post = {"requestBody": {"content": content}, "responses": {"200": {"content": content}}}
    description = description_of({"openapi": "3.1.0", "paths": {"/acme/say": {"post": post}}})
    assert description.endpoint == "acme/say"
    assert description.output_schema == {"type": "string", "examples": ["x"]}


def test_references_follow_json_pointers() -> None:
    document: Any = {"openapi": "3.0.0", "a/b": [{"c d": {"type": "null"}}]}
    description = description_of(document)
    assert description.resolve({"$ref": "#/a~1b/0/c%20d", "title": "T"}, "") == {
        "type": "null",
        "title": "T",
    }


def test_what_is_no_description_is_refused() -> None:
    def check(data: bytes, text: str) -> None:
        with pytest.raises(SchemaError, match=text):
            parse_description(data, "x.json")

    cases = [
        (b"{", "x.json: not JSON: .* line 1"),
        (b"[]", "not an OpenAPI description"),
        (b'{"openapi": "2.0"}', "\"openapi\" is '2.0' — it begins with"),
        (b'{"openapi": "3.1.0", "paths": []}', "paths: is not a mapping"),
        (b" " * (MAX_BYTES + 1), "larger than 5 MB"),
        (b"[" * 100_000, "not JSON"),
    ]
    assert failures(check, cases) == []
