"""Tests that record from a second fake, and replay when it is gone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakefal.scenario.loading import load_file
from fakefal.server.server import FakeFal
from fakefal.server.thread import ThreadedFakeFal
from fakefal.testing.recordings import command_for, usual_path
from tests.testing.conftest import RunTests

KEY = "5f0c8d1e-1111-4222-8333-944455556666:0123456789abcdef0123456789abcdef"

UPSTREAM = {
    "fakefal": 1,
    "exchanges": [
        {
            "when": {"input": {"prompt": "wait"}},
            "reply": {
                "text": "waited",
                "timeline": [
                    {"IN_QUEUE": {"position": 2}},
                    {"IN_PROGRESS": {"logs": ["loading"], "polls": 1}},
                ],
            },
        },
        {"when": {"input": {"prompt": "be rude"}}, "reply": {"fail": "content_policy_violation"}},
        {"when": {"input": {"prompt": "twice"}}, "replies": [{"text": "one"}, {"text": "two"}]},
        {"when": {"endpoint": "fal-ai/any-llm"}, "reply": {"text": "up {{ input.prompt }}"}},
    ],
}

CALLS = """
import json
from pathlib import Path

import fal_client
import pytest

def say(prompt="x"):
    return fal_client.run("fal-ai/any-llm", {"prompt": prompt})["output"]
"""

APP = (
    CALLS
    + """
SEEN = Path("seen.json")

def compare(name, seen):
    known = json.loads(SEEN.read_text()) if SEEN.exists() else {}
    seen = json.loads(json.dumps(seen))
    assert known.setdefault(name, seen) == seen
    SEEN.write_text(json.dumps(known))

@pytest.mark.fakefal(record="once", scenario="recordings/all.yaml")
def test_sync(fakefal):
    updates = []
    result = fal_client.subscribe("fal-ai/any-llm", {"prompt": "wait"}, with_logs=True,
                                  on_queue_update=lambda it: updates.append(repr(it)))
    with pytest.raises(fal_client.client.FalClientHTTPError) as caught:
        say("be rude")
    events = list(fal_client.stream("fal-ai/any-llm", {"prompt": "stream"}))
    twice = [say("twice"), say("twice")]
    assert "loading" in str(updates) and twice == ["one", "two"]
    fakefal.assert_called(via="queue", times=1)
    assert [call.via for call in fakefal.calls] == ["queue", "run", "stream", "run", "run"]
    assert fakefal.polls
    compare("sync", [result, updates, str(caught.value), caught.value.response.json(), events, twice])

@pytest.mark.fakefal(record="once")
async def test_async(fakefal):
    client = fal_client.AsyncClient()
    result = await client.subscribe("fal-ai/any-llm", {"prompt": "wait"}, with_logs=True)
    events = [it async for it in client.stream("fal-ai/any-llm", {"prompt": "stream"})]
    job = await client.submit("fal-ai/any-llm", {"prompt": "job"})
    compare("async", [result, events, job.request_id, await job.get()])
"""
)


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("FAL_KEY", KEY)


@pytest.fixture
def upstream() -> Iterator[ThreadedFakeFal]:
    server = ThreadedFakeFal(FakeFal(UPSTREAM))
    server.start()
    yield server
    server.stop()


def calls_of(upstream: ThreadedFakeFal) -> list[str]:
    """The prompts that upstream was asked."""
    fake = upstream.fake
    return [it.input["prompt"] for it in upstream.call(lambda: fake.controls(KEY).calls())]


def from_(upstream: ThreadedFakeFal) -> str:
    return f"--fakefal-upstream={upstream.fake.url}"


def test_once_records_and_then_replays_without_upstream(
    run_tests: RunTests, upstream: ThreadedFakeFal, pytester: pytest.Pytester
) -> None:
    result = run_tests(APP, from_(upstream))
    result.assert_outcomes(passed=2)
    folder = pytester.path / "recordings"
    module = "test_once_records_and_then_replays_without_upstream"
    paths = [folder / "all.yaml", folder / module / "test_async.yaml"]
    result.stdout.fnmatch_lines_random([f"fakefal: recorded * call* in {it}" for it in paths])
    for path in paths:
        text = path.read_text()
        assert not any(part in text for part in (KEY, *KEY.split(":")))
        header = load_file(path).scenario.recorded
        assert header is not None
        assert header.complete
    assert calls_of(upstream).count("wait") == 2
    before = [path.read_bytes() for path in paths]
    upstream.stop()
    run_tests(APP, from_(upstream)).assert_outcomes(passed=2)
    run_tests(APP, "--fakefal-record=none").assert_outcomes(passed=2)
    assert [path.read_bytes() for path in paths] == before
