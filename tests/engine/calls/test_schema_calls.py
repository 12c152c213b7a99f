"""Calls to endpoints that have a description: errors, dropped keys, defaults, outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fakefal.engine.engine import Engine
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.call import Call
from fakefal.protocol.errors.errors import ApiError
from fakefal.scenario.files.loader import load_file
from fakefal.scenario.files.schema_files import read_library
from fakefal.server.server import FakeFalServer
from fakefal.settings import Settings
from tests.building import make_call, tenant_of
from tests.scenario.schemas.endpoint_models import describe

FLUX = "fal-ai/flux/dev"


def write_schema(folder: Path, endpoint: str, document: Any = None) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{endpoint.replace('/', '--')}.json"
    path.write_text(json.dumps(document or describe(endpoint)))
    return path


def tenant_with(folder: Path, scenario: str = "", **settings: Any) -> Tenant:
    """A tenant with the schemas of a folder, and with a scenario in it."""
    scenarios = []
    if scenario:
        file = folder / "scenario.yaml"
        file.write_text(f"fakefal: 1\n{scenario}")
        scenarios.append(load_file(file))
    library = None if scenario else read_library([folder / "schemas"])
    return tenant_of(Engine(Settings(clock="manual", **settings), scenarios, library))


def flux(input_: Any) -> Call:
    return make_call(FLUX, "run", input_)


def outcome_of(tenant: Tenant, call: Call) -> Any:
    return tenant.resolver.resolve(call, None).rendered.outcome


def test_an_invalid_input_gets_the_422_of_its_model(tmp_path: Path) -> None:
    write_schema(tmp_path / "schemas", FLUX)
    outcome = outcome_of(tenant_with(tmp_path), flux({"prompt": "x", "num_images": 9}))
    assert outcome.status == 422
    assert outcome.body["detail"] == [
        {
            "loc": ["body", "num_images"],
            "msg": "Input should be less than or equal to 4",
            "type": "less_than_equal",
            "ctx": {"le": 4},
            "url": "https://docs.fal.ai/errors#less_than_equal",
            "input": 9,
        }
    ]


def test_journal_and_hint_say_that_the_schema_refused(tmp_path: Path) -> None:
    write_schema(tmp_path / "schemas", FLUX)
    resolution = tenant_with(tmp_path).resolver.resolve(flux({"num_images": 9}), None)
    assert resolution.note == (
        "the endpoint's schema refused prompt, num_images; "
        "options: {validate: false} switches it off"
    )
    assert ("x-fakefal-hint", resolution.note) in resolution.rendered.outcome.headers


def test_a_queue_call_shows_the_error_in_its_result(tmp_path: Path) -> None:
    write_schema(tmp_path / "schemas", FLUX)
    job = tenant_with(tmp_path).submit(make_call(FLUX, "queue", {"num_images": 1}))
    assert job.rendered.outcome.status == 422
    assert job.rendered.outcome.body["detail"][0]["type"] == "missing"


def test_a_call_without_an_exchange_gets_an_output_with_stored_files(tmp_path: Path) -> None:
    write_schema(tmp_path / "schemas", FLUX)
    tenant = tenant_with(tmp_path)
    outcome = outcome_of(tenant, flux({"prompt": "a cat", "num_images": 2}))
    assert outcome.status == 200
    assert len(outcome.file_urls) == 2
    assert [image["url"] for image in outcome.body["images"]] == list(outcome.file_urls)
    assert json.loads(outcome.payload) == outcome.body


def test_an_exchange_without_a_reply_answers_by_the_schema(tmp_path: Path) -> None:
    write_schema(tmp_path, "acme/tree")
    scenario = (
        "apps: {acme/tree: {openapi: acme--tree.json}}\nexchanges: [{when: {endpoint: acme/tree}}]"
    )
    tenant = tenant_with(tmp_path, scenario)
    outcome = outcome_of(tenant, make_call("acme/tree", "run", {"name": "x"}))
    assert list(outcome.body) == ["root"]


def test_schemas_beside_the_scenario_are_used_without_being_named(tmp_path: Path) -> None:
    write_schema(tmp_path / "schemas", FLUX)
    tenant = tenant_with(tmp_path, "exchanges: [{reply: {output: {ok: true}}}]")
    assert outcome_of(tenant, flux({})).status == 422
    assert outcome_of(tenant, flux({"prompt": "x"})).body == {"ok": True}
    assert outcome_of(tenant, make_call("acme/else", "run", {})).status == 200


def test_unknown_keys_are_noted_or_refused(tmp_path: Path) -> None:
    write_schema(tmp_path / "schemas", FLUX)
    body = {"prompt": "x", "image_size": {"width": 5, "depth": 1}, "steps": 3}
    exchanges = "exchanges: [{reply: {output: 1}}]"
    resolution = tenant_with(tmp_path, exchanges).resolver.resolve(flux(body), None)
    assert resolution.note == (
        "unknown input fields, which the model drops: image_size.depth, steps"
    )
    strict = tenant_with(tmp_path, f"{exchanges}\noptions: {{unknown_fields: refuse}}")
    errors = outcome_of(strict, flux(body)).body["detail"]
    assert [error["loc"] for error in errors] == [
        ["body", "image_size", "depth"],
        ["body", "steps"],
    ]


def test_defaults_are_filled_in_before_matching_if_the_app_says_so(tmp_path: Path) -> None:
    write_schema(tmp_path / "schemas", FLUX)
    exchanges = "exchanges: [{when: {input: {num_images: 1}}, reply: {output: 'yes'}}]"
    with pytest.raises(ApiError):
        outcome_of(tenant_with(tmp_path, exchanges), flux({"prompt": "x"}))
    apps = "apps: {fal-ai/flux/*: {fill_defaults: true}}"
    tenant = tenant_with(tmp_path, f"{exchanges}\n{apps}")
    assert outcome_of(tenant, flux({"prompt": "x"})).body == "yes"


def test_validation_can_be_turned_off(tmp_path: Path) -> None:
    write_schema(tmp_path / "schemas", FLUX)
    scenario = "exchanges: [{reply: {output: 1}}]\noptions: {validate: false}"
    assert outcome_of(tenant_with(tmp_path, scenario), flux({})).status == 200


def test_a_schema_from_which_nothing_can_be_made_is_a_500_that_says_where(tmp_path: Path) -> None:
    document = describe("acme/schedule")
    output = document["components"]["schemas"]["ScheduleOutput"]
    output["properties"]["id"] = {"type": "string", "pattern": "^a(?=b)c$"}
    write_schema(tmp_path / "schemas", "acme/schedule", document)
    tenant = tenant_with(tmp_path)
    call = make_call("acme/schedule", "run", {"at": "2026-01-01T00:00:00Z"})
    with pytest.raises(ApiError) as caught:
        outcome_of(tenant, call)
    assert caught.value.status == 500
    assert "output.id: fakefal cannot make this: no text was found" in caught.value.message


def test_the_same_call_gets_the_same_bytes(tmp_path: Path) -> None:
    write_schema(tmp_path / "schemas", "acme/batch")
    call = make_call("acme/batch", "run", {"inputs": [{"prompt": "x"}]})
    payloads = {outcome_of(tenant_with(tmp_path), call).payload for _ in range(2)}
    assert len(payloads) == 1


def test_a_server_takes_one_folder_or_several(tmp_path: Path) -> None:
    write_schema(tmp_path, FLUX)
    for schemas in (tmp_path, str(tmp_path), [tmp_path]):
        settings = FakeFalServer(schemas=schemas).engine.effective_settings
        assert settings.schemas is not None
        assert list(settings.schemas.endpoints()) == [FLUX]
