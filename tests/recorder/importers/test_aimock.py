from __future__ import annotations

import json
from typing import Any

import pytest

from fakefal.recorder.importers.aimock import read_aimock
from fakefal.recorder.importers.foreign import NotThisFormat
from fakefal.scenario.files.loader import load_data
from tests.callers import running_caller
from tests.recorder.importers.replay import scenario_of

FIXTURES: list[Any] = [
    {
        "match": {"userMessage": "a cat", "model": "fal-ai/flux/dev", "endpoint": "fal"},
        "response": {"json": {"images": [{"url": "https://x.test/c.png"}]}, "billableUnits": 2},
    },
    {
        "match": {"userMessage": "again", "model": "acme/app", "sequenceIndex": 1},
        "response": {"json": {"turn": 2}},
    },
    {
        "match": {"userMessage": "again", "model": "acme/app", "sequenceIndex": 0},
        "response": {"error": {"message": "no"}, "status": 503},
    },
    {"match": {"userMessage": "hello"}, "response": {"content": "Hello!", "reasoning": "polite"}},
    {"match": {"endpoint": "fal-audio", "model": "acme/speech"}, "response": {"audio": "AAAA"}},
    {"match": {"model": "acme/clip"}, "response": {"video": {"id": "v", "status": "completed"}}},
]


def fixtures(*given: Any) -> str:
    return json.dumps({"fixtures": [*given]})


async def test_fixtures_of_aimock_are_replayed() -> None:
    imported = read_aimock(fixtures(*FIXTURES), "f.json")
    assert imported.unused == []
    async with running_caller(scenario_of(imported), clock="instant") as caller:
        image = await caller.run("fal-ai/flux/dev", json={"prompt": "draw a cat please"})
        assert image.json == {"images": [{"url": "https://x.test/c.png"}]}
        assert image.headers["x-fal-billable-units"] == "2"
        first, second = [
            await caller.run("acme/app", json={"prompt": "once again"}) for _ in range(2)
        ]
        assert (first.status, first.json) == (503, {"error": {"message": "no"}})
        assert second.json == {"turn": 2}
        hello = await caller.run(json={"prompt": "hello"})
        assert hello.json["output"] == "Hello!"
        assert "audio" in (await caller.run("acme/speech", json={})).json
        assert "video" in (await caller.run("acme/clip", json={})).json


@pytest.mark.parametrize(
    ("fixture", "reason"),
    [
        ({"response": {}}, "no match object"),
        ({"match": {"endpoint": "embedding"}}, "embedding is not an endpoint of fal"),
        ({"match": {}, "response": {"embedding": [1]}}, "fal has no such response"),
        ({"match": {"toolName": "x"}, "response": {"json": 1}}, "match.toolName is not supported"),
        ({"match": {}, "response": {"json": 1}, "chaos": {}}, "chaos is not supported"),
        (7, "no match object"),
    ],
)
def test_unusable_entries_are_reported(fixture: Any, reason: str) -> None:
    (message,) = read_aimock(fixtures(fixture), "f.json").unused
    assert message.startswith(f"f.json: fixtures[0]: {reason}")


def test_recorded_timings_become_the_pacing_of_the_stream() -> None:
    timings = {"ttftMs": 300, "interChunkDelaysMs": [20, 30], "totalDurationMs": 350}
    fixture = {"match": {}, "response": {"content": "a b c"}, "recordedTimings": timings}
    imported = read_aimock(fixtures(fixture), "f.json")
    assert imported.exchanges[0]["reply"]["stream"] == {"waits": ["300ms", "20ms", "30ms"]}
    load_data(scenario_of(imported))


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_json_without_fixtures_is_rejected(text: str) -> None:
    with pytest.raises(NotThisFormat):
        read_aimock(text, "f.json")
