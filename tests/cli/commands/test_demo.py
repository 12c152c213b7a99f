from __future__ import annotations

import re
import sys
from time import monotonic

import pytest

from fakefal.cli.commands.demo import SCENARIO
from fakefal.scenario.files.loader import load_data
from tests.cli.running import fakefal

SHOWN = """\
fakefal listens on URL; the client is CLIENT

1  A queued call, with updates and logs
   IN_QUEUE at 2
   IN_QUEUE at 0
   IN_PROGRESS
      log: loading the model
      log: writing
   IN_PROGRESS
   COMPLETED
   → Ship it before the coffee gets cold.

2  The same, streamed: each event has the text so far
   Ship…
   Ship it…
   Ship it before…
   Ship it before the…
   Ship it before the coffee…
   Ship it before the coffee gets…
   Ship it before the coffee gets cold.…
   Ship it before the coffee gets cold. (partial: false)

3  An error: the prompt is missing
   422 [{"type": "missing", "loc": ["body", "prompt"], "msg": "Field required", \
"input": {"model": "openai/gpt-4o"}}]

4  A runner is lost; the second attempt succeeds
   attempt 1: 503 Runner disconnected
   attempt 2: 200 Second time lucky.

The scenario of this demo could be a YAML file: see README.md.
"""
MAX_SECONDS = 5


def show() -> tuple[str, str]:
    """The client that the demo used, and what it printed without the port and the client."""
    began = monotonic()
    ran = fakefal("demo")
    assert (ran.code, ran.err) == (0, "")
    assert monotonic() - began < MAX_SECONDS
    first, remainder = ran.out.split("\n", 1)
    head, client = first.split("the client is ")
    head = re.sub(r"http://127\.0\.0\.1:\d+", "URL", head)
    return client, f"{head}the client is CLIENT\n{remainder}"


def test_the_demo_shows_a_queued_call_a_stream_an_error_and_a_retry() -> None:
    client, printed = show()
    assert client.startswith("fal_client")
    assert printed == SHOWN


def test_the_demo_shows_the_same_without_fal_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fal_client", None)
    assert show() == ("urllib (fal_client is not installed)", SHOWN)


def test_the_scenario_of_the_demo_is_valid() -> None:
    assert [entry.model.id for entry in load_data(SCENARIO).exchanges] == ["tagline", "flaky"]
