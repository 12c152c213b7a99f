"""The batch job, tested as its author would, with public names of fakefal only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fakefal import FakeFal
from tests.apps.batch import Batch, Outcome

pytestmark = pytest.mark.fakefal(clock="manual", strict=True)


@pytest.fixture(autouse=True)
def quick(fakefal: FakeFal) -> Iterator[None]:
    """The job's own sleeps move the clock."""
    with fakefal.clock.patch_sleep("tests.apps.batch"):
        yield


def run(*prompts: str, **settings: object) -> Outcome:
    return Batch(**settings).run(list(prompts))  # type: ignore[arg-type]  # its fields


def test_everything_is_done(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("{{ input.prompt }}!")
    assert run("a", "b").done == {"a": "a!", "b": "b!"}
    assert (len(fakefal.submits), fakefal.spend.units) == (2, 2)


def test_a_lost_runner_is_retried(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").fail("runner_disconnected").then.text("second")
    outcome = run("a")
    assert (outcome.done, outcome.failed) == ({"a": "second"}, {})
    fakefal.assert_called(prompt="a", times=2)


def test_permanent_errors_are_not_retried(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm", prompt="bad").preset("content-policy")
    fakefal.on("fal-ai/any-llm").text("x")
    assert run("bad", "good").failed == {"bad": "422 after 1"}
    assert fakefal.spend.units == 1


def test_it_gives_up_and_cancels_at_its_deadline(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").preset("stuck-in-queue")
    assert run("a", deadline_seconds=30).failed == {"a": "too late"}
    assert fakefal.clock.iso[14:19] == "00:30"
    fakefal.assert_cancelled()


def test_the_bug_of_letting_it_run_is_found(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").preset("stuck-in-queue")
    run("a", cancels=False)
    with pytest.raises(AssertionError, match="but no cancel request was received"):
        fakefal.assert_cancelled()


def test_a_completed_failure_is_a_failure(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").preset("retries-used-up")
    assert run("a", tries=1).done == {}


def test_the_bug_of_taking_completed_for_success_is_found(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").preset("retries-used-up")
    assert run("a", tries=1, reads_errors=False).done == {"a": ""}
