"""Ten failing tests of users, read without their source: each tells what to change."""

from __future__ import annotations

import pytest

from tests.testing.conftest import RunTests

PROJECT = """
import fal_client
import httpx
import pytest

CALL = "fal-ai/any-llm"
LONG = "The quick brown fox jumps over the lazy dog. " * 40

def say(prompt="x", endpoint=CALL, **fields):
    try:
        return fal_client.run(endpoint, {"prompt": prompt, **fields})
    except fal_client.client.FalClientHTTPError:
        return None

def test_long_prompt(fakefal):
    fakefal.on(CALL, prompt=LONG).text("x")
    say(LONG[:900] + "CHANGED " + LONG[900:])

def test_field_name(fakefal):
    fakefal.on(CALL, promt="x", seed=1).text("x")
    say("x", seed=2)

def test_endpoint_name(fakefal):
    fakefal.on("fal-ai/any-lm").text("x")
    say()

@pytest.mark.fakefal(unused="error")
def test_shadowed(fakefal):
    fakefal.on("fal-ai/*").text("general")
    fakefal.on(CALL, prompt="x").text("special")
    say()

@pytest.mark.fakefal(clock="manual")
def test_stuck_clock(fakefal):
    fakefal.on(CALL).text("x").timeline({"IN_PROGRESS": {"for": "5s"}})
    job = fal_client.submit(CALL, {"prompt": "x"})
    assert isinstance(job.status(), fal_client.Completed)

def test_refused_model(fakefal):
    assert say("x", model="new/model")

def test_forgotten():
    say()

def test_missing_webhook(fakefal, fakefal_receiver):
    fakefal.on(CALL).text("x").webhook("lost")
    fal_client.submit(CALL, {"prompt": "x"}, webhook_url=fakefal_receiver.url)
    fakefal.webhooks.wait()

def test_cut_stream(fakefal):
    fakefal.on(CALL).text("a b c").faults(stream=[{"cut": {"after": 1}}])
    list(fal_client.stream(CALL, {"prompt": "x"}))

@pytest.mark.fakefal(uncollected="error")
def test_uncollected(fakefal):
    fakefal.on(CALL).text("x").preset("no-waiting")
    job = fal_client.submit(CALL, {"prompt": "x"})
    job.status()
    job.status()
"""

TEXTS = {
    "long_prompt": [
        "no exchange for fal-ai/any-llm (run); nearest: test_*.py:15: input.prompt differs at "
        'character 901: is …"*CHANGED *"…, wanted …"*"… (1808 and 1800 characters)'
    ],
    "field_name": [
        '*nearest: test_*.py:19: input.promt is absent, wanted "x": the call has "prompt", you '
        'wrote "promt" and input.seed is 2, wanted 1'
    ],
    "endpoint_name": [
        "*: test_*.py:23: endpoint is fal-ai/any-llm, wanted fal-ai/any-lm (nearly the same: "
        "check the spelling)"
    ],
    "shadowed": [
        "  test_*.py:29 for fal-ai/any-llm answered no call: test_*.py:28 before it answers all of "
        "them — write on(…, first=True), or priority: 1 in a file"
    ],
    "stuck_clock": [
        'the clock stands still; next event due at +5s: advance it, fakefal.clock.advance("5s")'
    ],
    "refused_model": [
        "*call*422*own check of LLM inputs refused model (profile any); a model name that "
        "fal is not known to have needs an exchange that matches*"
    ],
    "forgotten": [
        "fakefal refused a connection to the real fal: fal.run",
        "let the fake answer it: def test_forgotten(fakefal): …, or @pytest.mark.fakefal",
    ],
    "missing_webhook": [
        "*FakefalError: 0 of 1 webhooks were delivered, and no more can come: *",
        "*never*",
    ],
    "cut_stream": ["*call*stream fal-ai/any-llm*fault: *"],
    "uncollected": [
        "results were paid for and not fetched:",
        "  * of fal-ai/any-llm is completed and billed (1 units), but its result was not fetched",
    ],
}


def test_each_failure_tells_what_to_change(
    run_tests: RunTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAL_KEY", "a:b")
    result = run_tests(PROJECT)
    text = result.stdout.str()
    for name, lines in TEXTS.items():
        assert f"test_{name}" in text
        result.stdout.fnmatch_lines(lines)
    result.stdout.no_fnmatch_line("*/fakefal/testing/*.py:*")
    result.stdout.no_fnmatch_line("*/fakefal/server/thread.py:*")
