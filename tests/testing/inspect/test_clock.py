from __future__ import annotations

import fal_client
import pytest

from fakefal import FakeFal, FakefalError
from fakefal.testing.receiver import Receiver

ANY_LLM = "fal-ai/any-llm"
SLOW = ({"IN_QUEUE": {"for": "60s"}}, {"IN_PROGRESS": {"for": "30s"}})


@pytest.mark.parametrize("kind", ["manual", "instant", "real"])
def test_time_is_moved_from_event_to_event(fakefal_factory: object, kind: str) -> None:
    with fakefal_factory(clock=kind) as fake:  # type: ignore[operator]  # a Factory
        fake.clock.freeze()
        began = fake.clock.now
        fake.on(ANY_LLM).text("x").timeline(*SLOW)
        handle = fal_client.submit(ANY_LLM, {"prompt": "x"})
        (job,) = fake.jobs
        fake.clock.run_until(job.running)
        assert fake.clock.now == pytest.approx(began + 60)
        fake.clock.run_until(job.completed)
        assert fake.clock.now == pytest.approx(began + 90)
        assert handle.get()["output"] == "x"


@pytest.mark.fakefal(clock="manual")
def test_webhooks_are_posted_on_the_way(fakefal: FakeFal, fakefal_receiver: Receiver) -> None:
    fakefal.on(ANY_LLM).text("x").timeline(*SLOW)
    fakefal_receiver.respond_with(500, 500)
    fal_client.submit(ANY_LLM, {"prompt": "x"}, webhook_url=fakefal_receiver.url)
    fakefal.clock.run_until(lambda: fakefal.webhooks.delivered)
    assert len(fakefal_receiver.arrivals) == 3
    assert fakefal.clock.iso[11:19] == "00:02:11"  # 90 seconds, then two retries: 2.5 and 39


@pytest.mark.fakefal(clock="manual")
def test_run_until_says_why_a_condition_cannot_be_met(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x").timeline({"IN_QUEUE": {"for": "60s"}}, "IN_PROGRESS")
    with pytest.raises(FakefalError, match="no request is running"):
        fakefal.clock.run_until(lambda: False)
    id_ = fal_client.submit(ANY_LLM, {"prompt": "x"}).request_id
    (job,) = fakefal.jobs
    with pytest.raises(FakefalError, match="after the limit"):
        fakefal.clock.run_until(job.completed, at_most="59s")
    with pytest.raises(FakefalError, match=f"condition not met: {id_} is completed: "):
        fakefal.clock.run_until(job.completed)
    with pytest.raises(FakefalError, match="'soon' is not a duration"):
        fakefal.clock.run_until(job.completed, at_most="soon")


def test_a_frozen_clock_resumes_where_it_stopped(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x").timeline({"IN_PROGRESS": {"for": "30s"}})
    with fakefal.clock.freeze() as clock:
        handle = fal_client.submit(ANY_LLM, {"prompt": "x"})
        for _ in range(3):
            assert isinstance(handle.status(), fal_client.InProgress)
        assert (clock.kind, clock.iso[11:19]) == ("manual", "00:00:00")
    assert fakefal.clock.kind == "instant"
    assert handle.get()["output"] == "x"
    assert fakefal.clock.iso[11:19] == "00:00:30"


@pytest.mark.fakefal(clock="real")
def test_a_real_clock_can_be_frozen(fakefal: FakeFal) -> None:
    with fakefal.clock.freeze():
        before = fakefal.clock.now
        assert fakefal.clock.now == before
        fakefal.clock.advance("1h")
        assert fakefal.clock.now == before + 3600
    assert fakefal.clock.now - before - 3600 >= 0
