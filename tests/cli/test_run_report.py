"""What a run came to."""

from __future__ import annotations

import json
from pathlib import Path

from fakefal.cli.run_report import Outcome
from fakefal.server.server import FakeFal
from fakefal.server.thread import ThreadedFakeFal
from tests.serving import ask

SCENARIO = {
    "fakefal": 1,
    "exchanges": [
        {"id": "one", "when": {"endpoint": "a/one"}, "reply": {"output": {"is": 1}}},
        {"id": "two", "when": {"endpoint": "a/two"}, "reply": {"output": {"is": 2}}},
        {"id": "three", "when": {"endpoint": "a/three"}, "reply": {"output": {"is": 3}}},
    ],
}


def collected() -> Outcome:
    """Two keys call, one of them misses, and a webhook has nowhere to go."""
    fake = FakeFal(SCENARIO, clock="instant", keep_alive=False)
    outcome = Outcome(("x",))
    fake.engine.listen(outcome.note)
    server = ThreadedFakeFal(fake)
    with server:
        ask(f"{fake.url}/fal.run/a/one", {"x": 1}, key="first:key")
        ask(f"{fake.url}/queue.fal.run/a/two?fal_webhook=http://192.0.2.1/", {}, key="second:key")
        ask(f"{fake.url}/fal.run/a/four", {}, key="second:key")
        server.call(lambda: outcome.collect(fake.engine))
    return outcome


def test_the_keys_are_told_of_together() -> None:
    outcome = collected()
    assert outcome.calls == {"run": 2, "queue": 1}
    assert [miss.call.endpoint.text for miss in outcome.misses] == ["a/four"]
    assert [label for label, _ in outcome.used] == ['"one"', '"two"']
    assert [label for label, _ in outcome.unused] == ['"three"']
    assert len(outcome.webhooks) == 1


def test_no_key_and_no_header_is_in_what_is_written(tmp_path: Path) -> None:
    body = json.dumps(collected().body())
    assert "first:key" not in body
    assert "headers" not in body
    calls = json.loads(body)["calls"]
    assert calls["total"] == 3
    assert [call["endpoint"] for call in calls["list"]] == ["a/one", "a/two", "a/four"]
