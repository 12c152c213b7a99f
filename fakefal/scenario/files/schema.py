"""The JSON Schema of scenario files, for editors."""

from __future__ import annotations

from typing import Any

from fakefal.scenario.model.scenario import Scenario


def scenario_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) with every key of a scenario file."""
    schema = Scenario.model_json_schema(by_alias=True, mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "fakefal scenario",
        **{key: value for key, value in schema.items() if key != "title"},
    }
