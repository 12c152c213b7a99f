from __future__ import annotations

import fal_client
import pytest

from fakefal import FakeFal
from fakefal.testing.receiver import Receiver

ANY_LLM = "fal-ai/any-llm"


def test_outputs_are_billed_and_failures_are_not(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM, prompt="dear").text("x").billable_units(2.5)
    fakefal.on(ANY_LLM, prompt="bad").fail("content_policy_violation")
    fakefal.on(ANY_LLM).text("x")
    fal_client.run(ANY_LLM, {"prompt": "dear"})
    with pytest.raises(fal_client.client.FalClientHTTPError):
        fal_client.run(ANY_LLM, {"prompt": "bad"})
    fal_client.subscribe(ANY_LLM, {"prompt": "x"})
    list(fal_client.stream(ANY_LLM, {"prompt": "x"}))
    assert [payment.via for payment in fakefal.spend] == ["run", "stream", "queue"]
    assert (len(fakefal.spend), fakefal.spend.units) == (3, 4.5)
    assert fakefal.spend.uncollected == []


def test_results_that_were_not_fetched(fakefal: FakeFal, fakefal_receiver: Receiver) -> None:
    fakefal.on(ANY_LLM).text("x").timeline()
    lost = fal_client.submit(ANY_LLM, {"prompt": "x"})
    fal_client.submit(ANY_LLM, {"prompt": "y"}, webhook_url=fakefal_receiver.url)
    fakefal.webhooks.wait()
    (payment,) = fakefal.spend.uncollected
    assert (payment.request_id, payment.input) == (lost.request_id, {"prompt": "x"})
    lost.get()
    assert not fakefal.spend.uncollected


def test_a_cancelled_request_costs_nothing(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x")
    fal_client.submit(ANY_LLM, {"prompt": "x"}).cancel()
    assert fakefal.spend.units == 0
