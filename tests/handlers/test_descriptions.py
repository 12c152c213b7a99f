"""Descriptions served as fal publishes them, and operations that only a description has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fakefal.scenario.files.loader import load_file
from tests.callers import running_caller
from tests.engine.calls.test_schema_calls import write_schema
from tests.scenario.schemas.endpoint_models import describe

FLUX = "fal-ai/flux/dev"
PATH = "/api/openapi/queue/openapi.json"
API: dict[str, Any] = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://api.fal.ai/v1"}],
    "paths": {
        "/drafts/{name}": {
            "get": {"responses": {"200": {"content": {"application/json": {"schema": {
                "type": "object",
                "required": ["name", "nodes"],
                "properties": {
                    "name": {"type": "string", "minLength": 3},
                    "nodes": {"type": "integer", "minimum": 1, "maximum": 5},
                },
            }}}}}},
            "delete": {"responses": {"204": {"description": "gone"}}},
        },
        "/drafts": {
            "post": {
                "requestBody": {"required": True, "content": {"application/json": {"schema": {
                    "type": "object",
                    "required": ["title"],
                    "properties": {"title": {"type": "string"}},
                }}}},
                "responses": {"201": {"content": {"application/json": {"schema": {
                    "type": "boolean", "examples": [True],
                }}}}},
            }
        },
        "/meta": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {
            "const": "never reached",
        }}}}}}},
    },
}  # fmt: skip


@pytest.fixture
def scenario(tmp_path: Path) -> Any:
    write_schema(tmp_path / "schemas", FLUX)
    (tmp_path / "api.json").write_text(json.dumps(API))
    file = tmp_path / "scenario.yaml"
    file.write_text("fakefal: 1\nopenapi: api.json\nexchanges: [{reply: {output: 1}}]\n")
    return load_file(file)


async def test_the_description_of_an_endpoint_is_served_as_by_fal(scenario: Any) -> None:
    async with running_caller(scenario) as caller:
        response = await caller.request("GET", f"{PATH}?endpoint_id={FLUX}", host="fal.ai")
        assert (response.status, response.json) == (200, describe(FLUX))
        missing = await caller.request("GET", f"{PATH}?endpoint_id=no/where", host="fal.ai")
        assert missing.status == 404


@pytest.mark.parametrize(
    ("apps", "status"), [({}, 200), ({"fal-ai/any-llm": {"removed": True}}, 404)]
)
async def test_language_models_are_described_unless_they_are_removed(
    apps: dict[str, Any], status: int
) -> None:
    async with running_caller({"fakefal": 1, "exchanges": [], "apps": apps}) as caller:
        response = await caller.request("GET", f"{PATH}?endpoint_id=fal-ai/any-llm", host="fal.ai")
        assert response.status == status


async def test_models_include_their_description_if_asked(scenario: Any) -> None:
    async with running_caller(scenario) as caller:
        path = f"/v1/models?expand=openapi-3.0&endpoint_id={FLUX}"
        (model,) = (await caller.request("GET", path, host="api.fal.ai")).json["models"]
        assert model["openapi"] == describe(FLUX)


async def test_operations_of_a_description_are_answered(scenario: Any) -> None:
    async with running_caller(scenario) as caller:

        async def ask(method: str, path: str, **options: Any) -> Any:
            return await caller.request(method, f"/v1{path}", host="api.fal.ai", **options)

        first, second = [await ask("GET", "/drafts/a") for _ in range(2)]
        assert first.status == 200
        assert first.json == second.json
        assert len(first.json["name"]) >= 3
        assert 1 <= first.json["nodes"] <= 5
        deleted = await ask("DELETE", "/drafts/a")
        assert deleted.status == 204
        made = await ask("POST", "/drafts", json={"title": "x"})
        assert (made.status, made.json) == (201, True)
        assert (await ask("POST", "/drafts", json={})).status == 400  # as the platform API
        assert (await ask("GET", "/nothing")).status == 404


async def test_what_has_a_route_keeps_it(scenario: Any) -> None:
    async with running_caller(scenario) as caller:
        response = await caller.request("GET", "/v1/meta", host="api.fal.ai")
        assert response.json.keys() == {"webhook_ip_ranges"}
