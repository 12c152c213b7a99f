"""The JSON Schema says the same of a file as the models do."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from pydantic import ValidationError

from fakefal.scenario.files.loader import dump_data, load_data
from fakefal.scenario.files.schema import scenario_schema
from fakefal.scenario.model.scenario import Scenario
from tests.scenario.strategies import FILES, SCENARIOS, Data

SCHEMA = scenario_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

EXAMPLE: Data = yaml.safe_load("""
$schema: https://example.com/scenario.json
fakefal: 1
name: tagline writer
description: The example of design.md section 4.
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

    found = references(SCHEMA)
    assert found
    assert {ref.removeprefix("#/$defs/") for ref in found} <= set(SCHEMA["$defs"])


def test_the_great_example_is_right_for_schema_and_models() -> None:
    VALIDATOR.validate(EXAMPLE)
    assert len(load_data(EXAMPLE).exchanges) == 3


@given(FILES)
def test_every_file_that_the_models_take_the_schema_takes(data: Data) -> None:
    VALIDATOR.validate(data)


@given(SCENARIOS)
def test_what_is_written_out_is_right_for_the_schema(scenario: Scenario) -> None:
    VALIDATOR.validate(dump_data(scenario))


RIGHT = [
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
WRONG: list[Any] = [
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


@pytest.mark.parametrize("data", RIGHT, ids=str)
def test_a_right_file_is_right_for_both(data: Any) -> None:
    assert (VALIDATOR.is_valid(data), models_accept(data)) == (True, True)


@pytest.mark.parametrize("data", WRONG, ids=str)
def test_a_wrong_file_is_wrong_for_both(data: Any) -> None:
    assert (VALIDATOR.is_valid(data), models_accept(data)) == (False, False)


def test_every_key_of_the_example_says_what_it_means() -> None:
    reply = SCHEMA["$defs"]["Reply"]["properties"]
    assert reply["text"]["description"] == "A language model's output text."
    assert "description" in SCHEMA["$defs"]["When"]["properties"]["via"]
