"""Scripted outputs by the schema of their endpoint."""

from __future__ import annotations

from typing import Any

from fakefal.scenario.model.scenario import Exchange
from fakefal.scenario.schemas.description import description_of
from fakefal.scenario.schemas.generator import plain
from fakefal.scenario.schemas.library import SchemaLibrary
from fakefal.scenario.schemas.outputs import make_output
from fakefal.scenario.schemas.stale import stale_outputs
from tests.cases import failures
from tests.scenario.schemas.endpoint_models import ENDPOINTS, describe

LIBRARY = SchemaLibrary(description_of(describe(name)) for name in ENDPOINTS)


def stale(endpoint: Any, *outputs: Any, **reply: Any) -> list[str]:
    replies = [{"output": output, **reply} for output in outputs]
    exchange = Exchange.model_validate({"when": {"endpoint": endpoint}, "replies": replies})
    found = stale_outputs(exchange, LIBRARY)
    return [f"{'.'.join(map(str, path[3:]))}: {text}" for path, text, _ in found]


def test_generated_outputs_are_not_stale() -> None:
    def check(endpoint: str) -> None:
        description = description_of(describe(endpoint))
        assert description.output_schema is not None
        for seed in range(5):
            output = make_output(description, description.output_schema, endpoint, {}, seed)
            assert stale(endpoint, plain(output)) == []

    assert failures(check, ENDPOINTS) == []


def test_numbers_in_text_are_stale() -> None:
    output = {"boxes": [{"x": "0.5", "y": 0, "label": "a"}], "caption": None, "extra": 1}
    assert stale("fal-ai/moondream", output) == ["boxes.0.x: expected a number"]
    output["boxes"][0]["x"] = 0.5  # type: ignore[index]
    assert stale("fal-ai/moondream", output) == ["extra: the model has no such field"]


def test_files_and_templates_are_whatever_they_become() -> None:
    output = {
        "images": [{"file": "a.png", "width": 3}],
        "timings": "{{ input.timings }}",
        "seed": "{{ input.seed }}",
        "has_nsfw_concepts": [False],
        "prompt": "{{ input.prompt }}",
    }
    assert stale("fal-ai/flux/dev", output) == []


def test_only_known_endpoints_and_outputs_are_checked() -> None:
    assert stale("acme/other", {"x": 1}) == []
    assert stale("fal-ai/*", {"x": 1}) == []
    assert stale("fal-ai/trellis", {}, omit_fields=["model_mesh"]) == []
    assert stale(["acme/tree", "acme/other"], 5) == [": expected a mapping"]
