from __future__ import annotations

import fal_client
import pytest

from fakefal import FakeFal
from fakefal.testing.receiver import Receiver
from tests.testing.conftest import RunTests

ANY_LLM = "fal-ai/any-llm"


def test_a_test_without_calls_has_no_findings(fakefal: FakeFal) -> None:
    left = fakefal.end_of_test
    assert (left.unused(), left.uncollected(), left.undelivered(), left.refused()) == ([],) * 4


def test_webhooks_that_did_not_arrive(fakefal: FakeFal, fakefal_receiver: Receiver) -> None:
    fakefal.on(ANY_LLM).text("x")
    fakefal.clock.freeze()
    fakefal_receiver.respond_with(500)
    fal_client.submit(ANY_LLM, {"prompt": "x"}, webhook_url=fakefal_receiver.url)
    fal_client.submit(ANY_LLM, {"prompt": "y"}, webhook_url="https://8.8.8.8/hook")
    fakefal.clock.run_until(lambda: len(fakefal_receiver.arrivals) == 1)
    fakefal.webhooks.wait_idle()
    (undelivered,) = fakefal.end_of_test.undelivered()
    assert undelivered.endswith("/webhook: waiting, the last response was 500")
    (refused,) = fakefal.end_of_test.refused()
    assert "8.8.8.8 is neither loopback nor private" in refused


@pytest.mark.fakefal(clock="manual")
def test_a_webhook_in_the_future_is_not_undelivered(
    fakefal: FakeFal, fakefal_receiver: Receiver
) -> None:
    fakefal.on(ANY_LLM).text("x").webhook(after="1h")
    fal_client.submit(ANY_LLM, {"prompt": "x"}, webhook_url=fakefal_receiver.url)
    assert fakefal.end_of_test.undelivered() == []


PROJECT = """
import fal_client
import pytest

def submit(**kwargs):
    return fal_client.submit("fal-ai/any-llm", {"prompt": "x"}, **kwargs)

def test_miss(fakefal):
    with pytest.raises(fal_client.client.FalClientHTTPError):
        submit()

def test_unused(fakefal):
    fakefal.on("a/b").text("x")

def test_uncollected(fakefal):
    fakefal.on("fal-ai/any-llm").text("x").timeline()
    submit()

def test_undelivered(fakefal, unused_tcp_port):
    fakefal.on("fal-ai/any-llm").text("x")
    job = submit(webhook_url=f"http://127.0.0.1:{unused_tcp_port}/")
    job.get()

def test_refused(fakefal):
    fakefal.on("fal-ai/any-llm").text("x")
    submit(webhook_url="http://8.8.8.8/hook").get()

def test_failed_already(fakefal):
    fakefal.on("a/b").text("x")
    assert "this" == "that"
"""
WORDS = {
    "misses": "1 call matched no exchange:",
    "unused": "exchanges were not used:",
    "uncollected": "results were paid for and not fetched:",
    "undelivered": "webhooks were not delivered:",
    "refused": "webhooks were blocked: their target is neither local nor allowed:",
}


def outcome(run_tests: RunTests, rule: str, *options: str) -> pytest.RunResult:
    flags = [f"--fakefal-{name}={rule}" for name in WORDS] if rule else []
    return run_tests(PROJECT, "-W", "default::fakefal.FakefalWarning", *flags, *options)


def test_each_finding_is_an_error_a_warning_or_nothing(run_tests: RunTests) -> None:
    errors = outcome(run_tests, "error")
    errors.assert_outcomes(passed=5, failed=1, errors=5)
    errors.stdout.fnmatch_lines([f"{word}*" for word in WORDS.values()])
    errors.stdout.fnmatch_lines(["*- fakefal -*", "journal (instant clock):", "replay outside*"])
    errors.stdout.no_fnmatch_line("*traceback entries are hidden*")
    warned = outcome(run_tests, "warn")
    warned.assert_outcomes(passed=5, failed=1, warnings=5)
    warned.stdout.fnmatch_lines([f"*FakefalWarning: {word}*" for word in WORDS.values()])
    ignored = outcome(run_tests, "ignore")
    ignored.assert_outcomes(passed=5, failed=1)
    strict = outcome(run_tests, "", "--fakefal-strict", "--fakefal-no-report")
    strict.assert_outcomes(passed=5, failed=1, errors=5)
    strict.stdout.no_fnmatch_line("journal*")
