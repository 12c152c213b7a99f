from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.cli.running import BAD, GOOD, ROOT, fakefal

EXAMPLES = [
    path
    for path in sorted((ROOT / "scenarios").iterdir())
    if path.is_file() and ".schema." not in path.name
]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    ran = fakefal("schema")
    assert (ran.code, ran.err) == (0, "")
    printed: dict[str, Any] = json.loads(ran.out)
    return printed


def test_a_json_schema_is_printed(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_match_the_schema(schema: dict[str, Any], path: Any) -> None:
    Draft202012Validator(schema).validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_files_that_check_rejects_do_not_match_the_schema(schema: dict[str, Any]) -> None:
    validator = Draft202012Validator(schema)
    assert validator.is_valid(yaml.safe_load(GOOD))
    assert not validator.is_valid(yaml.safe_load(BAD))


def test_the_committed_schema_is_current() -> None:
    committed = ROOT / "scenarios" / "scenario.schema.json"
    assert committed.read_text(encoding="utf-8") == fakefal("schema").out, (
        "run: .venv/bin/fakefal schema > scenarios/scenario.schema.json"
    )
