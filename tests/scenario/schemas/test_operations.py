"""Operations of whole descriptions; over HTTP in tests/handlers/test_descriptions.py."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.schemas.description import SchemaError, description_of
from fakefal.scenario.schemas.operations import Operations


def responds(schema: Any, status: str = "200") -> Any:
    return {"responses": {status: {"content": {"application/json": {"schema": schema}}}}}


def operations(servers: Any = None, **paths: Any) -> Operations:
    document: Any = {"openapi": "3.0.0", "paths": {f"/{name}": it for name, it in paths.items()}}
    return Operations(
        [description_of(document if servers is None else {**document, "servers": servers})]
    )


def test_paths_without_parameters_go_first() -> None:
    found = operations(
        **{"{id}": {"get": responds({"const": 1})}, "me": {"get": responds({"const": 2})}}
    )
    answers = [found.answer("api.fal.ai", "GET", path, None, 0) for path in ("/x", "/me", "/x/y")]
    assert [answer and answer.body for answer in answers] == [1, 2, None]


def test_servers_name_host_and_prefix() -> None:
    servers = [{"url": "https://api.fal.ai/v1"}]
    found = operations(servers, things={"get": responds({"const": 1})})
    assert found.answer("api.fal.ai", "GET", "/v1/things", None, 0)
    assert found.answer("rest.fal.ai", "GET", "/v1/things", None, 0) is None
    assert found.answer("api.fal.ai", "GET", "/things", None, 0) is None


def test_an_operation_without_a_body_has_its_status_only() -> None:
    found = operations(things={"delete": {"responses": {"204": {"description": "gone"}}}})
    answer = found.answer("api.fal.ai", "DELETE", "/things", None, 0)
    assert answer is not None
    assert (answer.status, answer.has_body) == (204, False)


def test_what_cannot_be_made_says_which_operation() -> None:
    found = operations(things={"get": responds({"type": "integer", "minimum": 2, "maximum": 1})})
    with pytest.raises(SchemaError, match="GET /things: fakefal cannot make this"):
        found.answer("api.fal.ai", "GET", "/things", None, 0)
