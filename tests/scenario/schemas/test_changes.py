"""Differences between two descriptions; ``schemas diff`` is tested in tests/cli/schemas."""

from __future__ import annotations

from copy import deepcopy

from fakefal.scenario.schemas.changes import changes_between
from fakefal.scenario.schemas.description import description_of
from tests.cases import failures
from tests.scenario.schemas.endpoint_models import ENDPOINTS, describe


def test_equal_descriptions_have_none() -> None:
    def check(endpoint: str) -> None:
        first, second = (description_of(describe(endpoint)) for _ in range(2))
        assert changes_between(first, second) == []

    assert failures(check, ENDPOINTS) == []


def test_every_difference_of_a_field_is_named() -> None:
    before = describe("fal-ai/flux/dev")
    after = deepcopy(before)
    properties = after["components"]["schemas"]["FluxInput"]["properties"]
    properties["output_format"]["enum"].append("webp")
    properties["num_images"]["type"] = "number"
    del properties["guidance_scale"]
    after["components"]["schemas"]["FluxInput"]["required"] = ["prompt", "seed"]
    after["components"]["schemas"]["ImageSize"]["properties"]["width"]["maximum"] = 9
    assert changes_between(description_of(before), description_of(after)) == [
        "input.guidance_scale: removed",
        "input.image_size.width: maximum is 9, was 14142",
        "input.num_images: type is number, was integer",
        'input.output_format: enum is ["jpeg","png","webp"], was ["jpeg","png"]',
        "input.seed: is required now",
    ]


def test_cyclic_descriptions_end() -> None:
    description = description_of(describe("acme/tree"))
    assert changes_between(description, description_of(describe("acme/grid")))
