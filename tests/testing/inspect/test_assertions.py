from __future__ import annotations

import fal_client
import pytest

from fakefal import FakeFal, FakefalError, contains

ANY_LLM = "fal-ai/any-llm"


@pytest.fixture
def fake(fakefal: FakeFal) -> FakeFal:
    fakefal.on(ANY_LLM).text("x")
    fal_client.run(ANY_LLM, {"prompt": "a tagline"})
    fal_client.subscribe(ANY_LLM, {"prompt": "a slogan"})
    return fakefal


def failure_of(assertion: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(AssertionError) as caught:
        assertion(*args, **kwargs)  # type: ignore[operator]  # an assertion
    return str(caught.value)


def test_calls_can_be_asserted(fake: FakeFal) -> None:
    assert len(fake.assert_called()) == 2
    (call,) = fake.assert_called(ANY_LLM, times=1, prompt=contains("tagline"))
    assert call.via == "run"
    fake.assert_called(via="queue", times=1)
    fake.assert_not_called("fal-ai/flux/dev")
    assert (len(fake.submits), len(fake.polls)) == (1, 3)


def test_failures_show_expected_got_nearest_and_the_journal(fake: FakeFal) -> None:
    text = failure_of(fake.assert_called, ANY_LLM, prompt="a taglin", via="run")
    assert text.splitlines()[:4] == [
        f'expected at least one call to {ANY_LLM}, prompt="a taglin", via="run", got 0',
        f'nearest: call 1 (run {ANY_LLM} {{"prompt": "a tagline"}} → 200): input.prompt is '
        '"a tagline", wanted "a taglin"',
        "calls:",
        f'  1. run {ANY_LLM} {{"prompt": "a tagline"}} → 200',
    ]
    assert "journal (instant clock):" in text
    assert "status  #2 → 202 (IN_QUEUE)" in text
    assert "expected 3 calls, got 2\ncalls:" in failure_of(fake.assert_called, times=3)
    assert "expected 0 calls to fal-ai/*, got 2" in failure_of(fake.assert_not_called, "fal-ai/*")


def test_cancels_can_be_asserted(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x")
    one, two = (fal_client.submit(ANY_LLM, {"prompt": str(number)}) for number in range(2))
    assert "expected a request to be cancelled, but no cancel request was received" in failure_of(
        fakefal.assert_cancelled
    )
    one.cancel()
    fakefal.assert_cancelled()
    fakefal.assert_cancelled(one)
    fakefal.assert_cancelled(one.request_id)
    fakefal.assert_cancelled(fakefal.jobs[0])
    text = failure_of(fakefal.assert_cancelled, two)
    assert f"but only other requests were cancelled: {one.request_id}" in text
    assert f"{two.request_id} {ANY_LLM}: queued" in text
    two.get()
    with pytest.raises(fal_client.client.FalClientHTTPError):
        two.cancel()
    assert "but the cancel was answered 400" in failure_of(fakefal.assert_cancelled, two)
    with pytest.raises(FakefalError, match="7 has no request_id"):
        fakefal.assert_cancelled(7)


def test_unused_exchanges_and_replies_are_named(fake: FakeFal) -> None:
    fake.assert_all_used()
    unused = fake.on("a/b").text("x").location
    half_used = fake.on("a/c").text("1").then.text("2").location
    partly_used = fake.on("a/d").text("x").times(3).location
    for endpoint in ("a/c", "a/d"):
        fal_client.run(endpoint, {})
    assert unused.partition(":")[0].endswith("test_assertions.py")
    text = failure_of(fake.assert_all_used)
    assert text.splitlines()[:4] == [
        "not all exchanges were used:",
        f"  {unused} for a/b answered no call",
        f"  {half_used} for a/c used 1 of its 2 replies",
        f"  {partly_used} for a/d answered 1 of 3 calls",
    ]


def test_the_timeline_is_readable(fake: FakeFal) -> None:
    assert str(fake.timeline).startswith("journal (instant clock):\n")
