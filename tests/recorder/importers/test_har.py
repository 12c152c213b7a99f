from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fakefal.recorder.importers.foreign import NotThisFormat
from fakefal.recorder.importers.har import read_har
from tests.callers import RUN, running_caller
from tests.recorder.importers.replay import scenario_of

CHROMIUM = Path(__file__).parents[1] / "data" / "chromium.har"
"""Chromium's network log of a page that called fal's hosts (see chromium.mjs)."""

KEY = "11112222-3333-4444-5555-666677778888"


def entry(**fields: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "startedDateTime": "2026-09-27T12:00:00.000Z",
        "time": 100,
        "request": {
            "method": "POST",
            "url": "https://fal.run/acme/app",
            "headers": [],
            "postData": {"text": "{}"},
        },
        "response": {"status": 200, "headers": [], "content": {"text": "1"}},
    }
    return {**defaults, **fields}


def har(*entries: Any) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": entries}})


async def test_a_har_of_chromium_is_replayed() -> None:
    imported = read_har(CHROMIUM.read_text(encoding="utf-8"), "chromium.har")
    data = scenario_of(imported)
    assert KEY not in json.dumps(data)
    ids = [exchange["id"] for exchange in data["exchanges"]]
    assert ids == ["fal-ai/any-llm 1", "fal-ai/any-llm 2", "fal-ai/flux/dev 1", "acme/refused 1"]
    data["exchanges"].pop(2)  # needs a file beside the scenario
    async with running_caller(data, clock="instant") as caller:
        job = await caller.submit(json={"prompt": "hello"})
        path = f"/fal-ai/any-llm/requests/{job}"
        seen = []
        for _ in range(3):
            status = (await caller.request("GET", f"{path}/status?logs=1")).json
            logs = [log["message"] for log in status["logs"]]
            seen.append((status["status"], status.get("queue_position"), logs))
        assert seen == [
            ("IN_QUEUE", 1, []),
            ("IN_PROGRESS", None, ["loading"]),
            ("COMPLETED", None, ["loading"]),
        ]
        result = await caller.request("GET", path)
        assert result.json["output"] == "Ship it from Chromium."
        assert result.headers["x-fal-billable-units"] == "2"
        stream = await caller.request(
            "POST", "/fal-ai/any-llm/stream", host=RUN, json={"prompt": "count"}
        )
        assert b'"output":"one two three","reasoning":null,"partial":false' in stream.body
        refused = await caller.run("acme/refused", json={"prompt": "rude"})
        assert refused.json["detail"][0]["type"] == "content_policy_violation"


def test_entries_for_other_hosts_are_reported() -> None:
    imported = read_har(CHROMIUM.read_text(encoding="utf-8"), "a.har")
    assert "a.har: entries[11]: GET example.com: not a fal host" in imported.unused


def test_events_are_spread_over_the_receive_time() -> None:
    body = 'data: {"n": 1}\n\ndata: {"n": 2}\n\n'
    response = {
        "status": 200,
        "headers": [{"name": "Content-Type", "value": "text/event-stream"}],
        "content": {"mimeType": "text/event-stream", "text": body},
    }
    request = {"method": "POST", "url": "https://fal.run/acme/app/stream", "headers": []}
    stream = entry(time=500, timings={"receive": 400}, response=response, request=request)
    (capture,) = read_har(har(stream), "a.har").captures
    assert [at for at, _ in capture.response.pieces] == [pytest.approx(0.1), pytest.approx(0.3)]


@pytest.mark.parametrize(
    "broken",
    [
        entry(startedDateTime="yesterday"),
        entry(request={}),
        entry(response=None),
        entry(response={"status": 0, "headers": [], "content": {}}),
        {},
        None,
    ],
)
def test_an_invalid_entry_is_reported_and_the_others_are_used(broken: Any) -> None:
    imported = read_har(har(broken, entry()), "a.har")
    assert len(imported.captures) == 1
    assert imported.unused[0].startswith("a.har: entries[0]: ")


@pytest.mark.parametrize("text", ["{", "[]", '{"log": {}}', '{"log": 1}'])
def test_json_without_log_entries_is_rejected(text: str) -> None:
    with pytest.raises(NotThisFormat, match="log"):
        read_har(text, "a.har")
