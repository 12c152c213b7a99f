"""``fakefal.webhooks`` in a user's tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fal_client
import pytest

from fakefal.errors import FakefalError
from fakefal.testing.fixture import FakeFal
from fakefal.testing.receiver import Receiver
from tests.testing.conftest import RunTests


@pytest.fixture
def fakefal_clock(request: pytest.FixtureRequest) -> str:
    return getattr(request, "param", "instant")


on_manual = pytest.mark.parametrize("fakefal_clock", ["manual"], indirect=True)
on_each = pytest.mark.parametrize("fakefal_clock", ["instant", "manual", "real"], indirect=True)


def submit(receiver: Receiver, prompt: str = "x") -> str:
    handle = fal_client.submit("fal-ai/any-llm", {"prompt": prompt}, webhook_url=receiver.url)
    return str(handle.request_id)


@on_each
def test_a_delivery_is_awaited_and_verified(fakefal: FakeFal, fakefal_receiver: Receiver) -> None:
    fakefal.on("fal-ai/any-llm").text("Ship it.")
    id_ = submit(fakefal_receiver)
    (record,) = fakefal.webhooks.wait()
    assert (record.request_id, record.state, record.url) == (id_, "delivered", fakefal_receiver.url)
    (arrival,) = fakefal_receiver.verified
    assert arrival.body["payload"]["output"] == "Ship it."
    assert len(fakefal.webhooks) == len(list(fakefal.webhooks)) == 1


@on_manual
def test_an_untrusted_certificate_fails_the_attempt(fakefal: FakeFal, tmp_path: Path) -> None:
    fakefal.on("fal-ai/any-llm").text("Ship it.")
    jwks_url = f"{fakefal.base_url('rest.fal.ai')}/.well-known/jwks.json"
    with Receiver(jwks_url, fakefal.webhooks.now, tmp_path) as untrusted:
        url = untrusted.secure_url
        fal_client.submit("fal-ai/any-llm", {"prompt": "x"}, webhook_url=url)
        fakefal.webhooks.wait_idle()
        assert untrusted.arrivals == []
    (record,) = fakefal.webhooks
    note = f"{url}: attempt 1 of 32: the receiver's certificate is not trusted: "
    assert (record.state, record.attempts[0]["status"]) == ("waiting", 0)
    assert fakefal.journal[-1]["note"].startswith(note)


@pytest.mark.parametrize(
    ("webhook", "problem"),
    [
        ({"signature": "bad"}, "no key verifies the signature"),
        ({"signature": "missing"}, "the header X-Fal-Webhook-Signature is missing"),
        ({"signature": "stale"}, "the timestamp is 36"),
        ({"signature": "unknown-key"}, "no key verifies the signature"),
        ({"signature": "altered-body"}, "no key verifies the signature"),
    ],
)
@on_each
def test_each_forgery_is_rejected_and_its_retry_accepted(
    fakefal: FakeFal, fakefal_receiver: Receiver, webhook: dict[str, Any], problem: str
) -> None:
    fakefal.on("fal-ai/any-llm").text("x").webhook(**webhook, forgeries=1)
    submit(fakefal_receiver)
    fakefal.webhooks.wait_idle()
    fakefal.clock.advance("10s")
    fakefal.webhooks.wait()
    forged, genuine = fakefal_receiver.arrivals
    assert forged.problem.startswith(problem)
    assert genuine.problem == ""


@on_manual
def test_time_is_moved_through_retries(fakefal: FakeFal, fakefal_receiver: Receiver) -> None:
    fakefal.on("fal-ai/any-llm").text("x")
    fakefal_receiver.respond_with(500, "close", 503)
    submit(fakefal_receiver)
    fakefal.clock.advance("1h")
    (record,) = fakefal.webhooks.wait()
    assert [attempt["at"][11:19] for attempt in record.attempts] == [
        "00:00:00",
        "00:00:02",
        "00:00:41",
        "00:01:56",
    ]
    assert [attempt["status"] for attempt in record.attempts] == [500, 0, 503, 200]


def test_a_receiver_that_was_gone_gets_it_again(
    fakefal: FakeFal, fakefal_receiver: Receiver
) -> None:
    fakefal.on("fal-ai/any-llm").text("x")
    fakefal_receiver.stop()
    id_ = submit(fakefal_receiver)
    fakefal.webhooks.wait_idle()
    with pytest.raises(FakefalError, match=r"0 of 1 webhooks were delivered(?s:.*)cannot connect"):
        fakefal.webhooks.wait(timeout=0)
    fakefal_receiver.start()
    fakefal.webhooks.redeliver(id_)
    fakefal.webhooks.wait()
    assert [arrival.request_id for arrival in fakefal_receiver.verified] == [id_]


def test_keys_change_and_go_away(fakefal: FakeFal, fakefal_receiver: Receiver) -> None:
    fakefal.on("fal-ai/any-llm").text("x").webhook(after="1s")
    fakefal_receiver.cache_keys = True
    submit(fakefal_receiver, "a")
    fakefal.webhooks.wait(1)
    before = fakefal.webhooks.jwks
    fakefal.webhooks.rotate_keys()
    assert fakefal.webhooks.jwks != before
    submit(fakefal_receiver, "b")
    assert fakefal_receiver.wait(2)[1].problem == "no key verifies the signature"
    fakefal_receiver.cache_keys = False
    fakefal.webhooks.wait(2)
    fakefal.webhooks.publish("down")
    submit(fakefal_receiver, "c")
    fakefal_receiver.wait(len(fakefal_receiver.arrivals) + 1)
    assert "the keys cannot be fetched" in fakefal_receiver.arrivals[-1].problem


@on_manual
def test_wait_idle_waits_only_for_webhooks_that_are_due(
    fakefal: FakeFal, fakefal_receiver: Receiver
) -> None:
    fakefal.on("fal-ai/any-llm").text("x").webhook(after="1s", duplicates=1)
    fakefal_receiver.delay("20ms")
    submit(fakefal_receiver)
    fakefal.webhooks.wait_idle()
    assert fakefal_receiver.arrivals == []
    fakefal.clock.advance("1s")
    fakefal.webhooks.wait_idle()
    assert [record.state for record in fakefal.webhooks] == ["delivered", "waiting"]
    fakefal_receiver.delay(0)
    fakefal_receiver.respond_with("hang")
    fakefal.clock.advance("1s")
    fakefal_receiver.wait(2)
    with pytest.raises(FakefalError, match=r"still being sent(?s:.*): sending"):
        fakefal.webhooks.wait_idle(timeout=0)


def test_waiting_without_a_webhook_url_says_how_to_request_one(fakefal: FakeFal) -> None:
    with pytest.raises(FakefalError, match=r"no call requested one: submit\(…, webhook_url=…\)"):
        fakefal.webhooks.wait(timeout=0)


async def test_an_async_test_waits_without_blocking_its_loop(
    fakefal: FakeFal, fakefal_receiver: Receiver
) -> None:
    fakefal.on("fal-ai/any-llm").text("x").webhook("twice")
    await fal_client.submit_async(
        "fal-ai/any-llm", {"prompt": "x"}, webhook_url=fakefal_receiver.url
    )
    assert [record.copy for record in await fakefal.webhooks.wait_async(2)] == [0, 1]


def test_the_keys_of_a_file_are_those_of_the_test(fakefal: FakeFal) -> None:
    fakefal.load({"fakefal": 1, "jwks": {"keys": 3}, "exchanges": []})
    assert len(fakefal.webhooks.jwks["keys"]) == 3


def test_nothing_of_webhooks_is_imported_until_it_is_needed(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import sys
        import fal_client

        def test_plain(fakefal):
            fakefal.on("fal-ai/any-llm").text("x")
            fal_client.submit("fal-ai/any-llm", {"prompt": "x"}).get()
            assert "cryptography" not in sys.modules
            assert "fakefal.testing.receiver" not in sys.modules
        """
    )
    result.assert_outcomes(passed=1)
