"""Outputs made from schemas: valid for every seed, deterministic, with files of the right kind."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fakefal.scenario.media.output_kinds import FileRef
from fakefal.scenario.schemas.description import Description, SchemaError, description_of
from fakefal.scenario.schemas.generator import plain
from fakefal.scenario.schemas.outputs import make_output
from tests.cases import failures
from tests.scenario.schemas.endpoint_inputs import VALID
from tests.scenario.schemas.endpoint_models import ENDPOINTS, describe


def output_of(description: Description, input_: Any = None, seed: int = 0) -> Any:
    assert description.output_schema is not None
    return make_output(
        description, description.output_schema, description.endpoint, input_ or {}, seed
    )


def validator_of(document: dict[str, Any], schema: Any) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


def test_outputs_are_valid_over_a_thousand_seeds() -> None:
    def check(endpoint: str) -> None:
        document = describe(endpoint)
        description = description_of(document)
        validator = validator_of(document, description.output_schema)
        for seed in range(50):  # times twenty endpoints
            output = plain(output_of(description, VALID[endpoint][0], seed))
            validator.validate(output)
            ENDPOINTS[endpoint][1].model_validate(output)

    assert failures(check, ENDPOINTS) == []


def kinds(value: Any) -> list[str]:
    if isinstance(value, FileRef):
        return [value.asset.content_type]
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [kind for inner in values for kind in kinds(inner)]


def test_files_are_of_the_right_kind() -> None:
    expected = {
        "fal-ai/flux/dev": ["image/png"],
        "fal-ai/nano/edit": ["image/png"],
        "fal-ai/kling-video/v2/text-to-video": ["video/mp4"],
        "fal-ai/speech-01": ["audio/wav"],
        "fal-ai/whisper": [],
        "fal-ai/trellis": ["model/gltf-binary"],
        "fal-ai/flux-lora-trainer": ["application/octet-stream", "application/json"],
        "acme/files": ["application/zip", "application/json"],
        "fal-ai/ace-step/music": ["audio/wav", "audio/wav"],
        "fal-ai/clarity-upscaler": ["image/png"],
        "acme/avatar": ["video/mp4", "image/png"],
    }
    made = {name: kinds(output_of(description_of(describe(name)))) for name in expected}
    assert made == expected


def test_the_same_call_gets_the_same_output() -> None:
    description = description_of(describe("acme/files"))
    first, second = (plain(output_of(description, {"a": 1}, 3)) for _ in range(2))
    assert first == second


def test_images_and_numbers_follow_the_input() -> None:
    description = description_of(describe("fal-ai/flux/dev"))
    input_ = {"prompt": "a cat", "num_images": 3, "seed": 7, "image_size": {"width": 64}}
    output = plain(output_of(description, {**input_, "image_size": "square"}))
    assert (output["seed"], output["prompt"]) == (7, "a cat")
    assert [image["width"] for image in output["images"]] == [512] * 3
    assert output["has_nsfw_concepts"] == [False] * 3


def test_examples_go_first_with_real_files() -> None:
    document = describe("fal-ai/flux/dev")
    example = {
        "images": [{"url": "https://fal.media/x.png", "width": 3, "height": 4}],
        "timings": {"inference": 1.5},
        "seed": 42,
        "has_nsfw_concepts": [False],
        "prompt": "an example",
    }
    document["components"]["schemas"]["ImagesOutput"]["examples"] = [{"seed": "bad"}, example]
    output = output_of(description_of(document))
    assert isinstance(output["images"][0], FileRef)
    assert {**output, "images": []} == {**example, "images": []}


def test_what_cannot_be_made_is_refused_with_its_place() -> None:
    document = describe("acme/schedule")
    output = document["components"]["schemas"]["ScheduleOutput"]
    output["properties"]["id"] = {"type": "string", "minLength": 10**9}
    with pytest.raises(SchemaError, match=r"output\.id: fakefal cannot make this: its text has at"):
        output_of(description_of(document))
