"""The JSON Schema accepts and rejects the same files as the models."""

from __future__ import annotations

from typing import Any

import jsonschema
import yaml
from hypothesis import given
from pydantic import ValidationError

from fakefal.scenario.files.loader import dump_data, load_data
from fakefal.scenario.files.schema import scenario_schema
from fakefal.scenario.model.scenario import Scenario
from tests.scenario.file_strategies import FILES, SCENARIOS
from tests.scenario.strategies import Data

SCHEMA = scenario_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

EXAMPLE: Data = yaml.safe_load("""
$schema: https://example.com/scenario.json
fakefal: 1
name: tagline writer
description: An example with most keys.
seed: 7
options: {unmatched: fail, subpath: refuse-405, profile: 2025-03, validate: false}
exchanges:
  - id: tagline
    when:
      endpoint: fal-ai/any-llm
      via: [queue, run, stream]
      input:
        model: openai/gpt-4o
        prompt: {$contains: tagline}
      headers: {x-fal-queue-priority: low}
    times: 2
    reply:
      text: Ship it.
      reasoning: Short is better.
      timeline:
        - IN_QUEUE: {position: 2}
        - IN_QUEUE: {position: 0, polls: 2}
        - IN_QUEUE
        - IN_PROGRESS: {logs: [loading, {message: done, level: INFO}], for: 1.5s}
        - IN_PROGRESS:
      stream: {by: word, first: 300ms, every: 0.02}
      inference_time: 1.2s
      billable_units: 3
  - when: {endpoint: fal-ai/any-llm, input: {prompt: boom}, via: queue}
    replies:
      - fail: runner_disconnected
      - fail: nginx-502
      - fail: {type: content_policy_violation, loc: [body, prompt]}
      - fail: {status: 418, body: {detail: teapot}}
      - {text: recovered, stream: {chunks: [reco, vered]}}
      - {output: {n: "{{ input.n }}"}, headers: {x-a: b}}
    then: cycle
  - {}
""")


def in_reply(**reply: Any) -> Data:
    return {"fakefal": 1, "exchanges": [{"reply": reply}]}


def in_step(state: str, detail: Any) -> Data:
    return in_reply(timeline=[{state: detail}])


def models_accept(data: Any) -> bool:
    try:
        Scenario.model_validate(data)
    except ValidationError:
        return False
    return True


def test_the_schema_is_a_valid_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*map(references, part.values()))
        return set().union(*map(references, part)) if isinstance(part, list) else set()

    names = {reference.removeprefix("#/$defs/") for reference in references(SCHEMA)}
    assert names
    assert names <= set(SCHEMA["$defs"])


def test_the_example_is_valid_for_schema_and_models() -> None:
    VALIDATOR.validate(EXAMPLE)
    assert len(load_data(EXAMPLE).exchanges) == 3


@given(FILES)
def test_every_file_that_the_models_accept_is_valid_for_the_schema(data: Data) -> None:
    VALIDATOR.validate(data)


@given(SCENARIOS)
def test_written_data_is_valid_for_the_schema(scenario: Scenario) -> None:
    VALIDATOR.validate(dump_data(scenario))


VALID = [
    {"fakefal": 1},
    {"fakefal": 1, "exchanges": [{}]},
    in_reply(timeline=["IN_QUEUE", "IN_PROGRESS"]),
    in_step("IN_QUEUE", None),
    in_step("IN_QUEUE", {}),
    in_step("IN_PROGRESS", None),
    in_step("IN_PROGRESS", {"logs": ["a", {"message": "b"}]}),
    in_step("IN_PROGRESS", {"for": "1h30m"}),
    in_step("IN_PROGRESS", {"for": 2}),
    in_reply(fail="exhausted-balance") | {"name": None},
    in_reply(fail={"type": "mine", "loc": ["body", 0]}),
    in_reply(output=None),
    in_reply(webhook="twice"),
    in_reply(webhook="bad_signature"),
    in_reply(webhook={"signature": "unknown_key", "payload_error": "no"}),
    {"fakefal": 1, "jwks": "down"},
    {"fakefal": 1, "jwks": {"rotate_after": "1h"}},
    {"fakefal": 1, "options": {"webhook_retries": 10}},
    {"fakefal": 1, "exchanges": [{"when": {"via": "run"}}]},
    {"fakefal": 1, "exchanges": [{"when": {"via": ["run", "ws"], "input": None}}]},
]
INVALID: list[Any] = [
    [],
    None,
    {},
    {"fakefal": 2},
    {"fakefal": "1"},
    {"fakefal": True},
    {"fakefal": 1, "nope": 1},
    {"fakefal": 1, "exchanges": {}},
    {"fakefal": 1, "exchanges": [{"times": 0}]},
    {"fakefal": 1, "exchanges": [{"id": ""}]},
    {"fakefal": 1, "exchanges": [{"replies": []}]},
    {"fakefal": 1, "exchanges": [{"replies": [{}], "then": "never"}]},
    {"fakefal": 1, "exchanges": [{"when": {"via": "phone"}}]},
    {"fakefal": 1, "exchanges": [{"when": {"via": ["run", "phone"]}}]},
    {"fakefal": 1, "exchanges": [{"when": {"via": 5}}]},
    {"fakefal": 1, "options": {"profile": "2020"}},
    {"fakefal": 1, "options": {"validate": 1}},
    {"fakefal": 1, "options": {"webhook_retries": 5}},
    {"fakefal": 1, "jwks": "gone"},
    {"fakefal": 1, "jwks": {"status": 200}},
    in_reply(webhook="lots"),
    in_reply(webhook=True),
    in_reply(webhook={"duplicates": 101}),
    in_reply(webhook={"signature": "wrong"}),
    in_reply(text=5),
    in_reply(nope=5),
    in_reply(fail="nope"),
    in_reply(fail={"status": 200}),
    in_reply(fail={"type": "x", "loc": [1.5]}),
    in_reply(fail=5),
    in_reply(inference_time="soon"),
    in_reply(inference_time=-1),
    in_reply(inference_time=1e11),
    in_reply(billable_units=-1),
    in_reply(stream={"by": "words"}),
    in_reply(stream={"count": 0}),
    in_reply(timeline=["COMPLETED"]),
    in_reply(timeline=[{}]),
    in_reply(timeline=[{"IN_QUEUE": {}, "IN_PROGRESS": {}}]),
    in_reply(timeline=[{"IN_QUEUE": None, "IN_PROGRESS": None}]),
    in_reply(headers={"a b": "c"}),
    in_reply(headers={"": "c"}),
    in_reply(headers={"a": "b\nc"}),
    in_reply(headers={"a": 5}),
    in_reply(fail={"status": 500, "headers": {"a:": "b"}}),
    in_step("IN_QUEUE", {"position": -1}),
    in_step("IN_PROGRESS", {"position": 1}),
    in_step("IN_PROGRESS", {"logs": [5]}),
    in_step("IN_PROGRESS", {"logs": "a"}),
    in_step("IN_PROGRESS", {"logs": [{"level": "INFO"}]}),
    in_step("IN_PROGRESS", {"for": "1.s"}),
]


def test_valid_files_are_valid_for_schema_and_models() -> None:
    assert [data for data in VALID if not VALIDATOR.is_valid(data)] == []
    assert [data for data in VALID if not models_accept(data)] == []


def test_invalid_files_are_invalid_for_schema_and_models() -> None:
    assert [data for data in INVALID if VALIDATOR.is_valid(data)] == []
    assert [data for data in INVALID if models_accept(data)] == []


def test_keys_have_descriptions() -> None:
    reply = SCHEMA["$defs"]["Reply"]["properties"]
    assert reply["text"]["description"] == "A language model's output text."
    assert "description" in SCHEMA["$defs"]["When"]["properties"]["via"]
