"""The report of a run."""

from __future__ import annotations

import json
from pathlib import Path

from fakefal.cli.run_report import RunReport
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.serving import request_json

SCENARIO = {
    "fakefal": 1,
    "exchanges": [
        {"id": "one", "when": {"endpoint": "a/one"}, "reply": {"output": {"is": 1}}},
        {"id": "two", "when": {"endpoint": "a/two"}, "reply": {"output": {"is": 2}}},
        {"id": "three", "when": {"endpoint": "a/three"}, "reply": {"output": {"is": 3}}},
    ],
}


def collected() -> RunReport:
    """Calls with two keys, one miss, and a webhook that cannot be delivered."""
    fake = FakeFalServer(SCENARIO, clock="instant", keep_alive=False)
    outcome = RunReport(("x",))
    fake.engine.add_listener(outcome.on_journal_entry)
    server = ThreadedServer(fake)
    with server:
        request_json(f"{fake.url}/fal.run/a/one", {"x": 1}, key="first:key")
        request_json(
            f"{fake.url}/queue.fal.run/a/two?fal_webhook=http://192.0.2.1/", {}, key="second:key"
        )
        request_json(f"{fake.url}/fal.run/a/four", {}, key="second:key")
        server.call(lambda: outcome.collect(fake.engine))
    return outcome


def test_calls_of_all_keys_are_reported_together() -> None:
    outcome = collected()
    assert outcome.calls == {"run": 2, "queue": 1}
    assert [miss.subject for miss in outcome.misses] == ["a/four (run)"]
    assert [label for label, _ in outcome.used] == ['"one"', '"two"']
    assert [label for label, _ in outcome.unused] == ['"three"']
    assert len(outcome.webhooks) == 1


def test_reports_contain_no_key_and_no_header(tmp_path: Path) -> None:
    body = json.dumps(collected().body())
    assert "first:key" not in body
    assert "headers" not in body
    calls = json.loads(body)["calls"]
    assert calls["total"] == 3
    assert [call["endpoint"] for call in calls["list"]] == ["a/one", "a/two", "a/four"]
