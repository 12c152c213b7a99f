"""Faults as a program meets them that uses fal_client, over real sockets."""

from __future__ import annotations

from typing import Any

import fal_client
import fal_client.client as client_module
import pytest

from fakefal.testing.fixture import FakeFal

pytestmark = pytest.mark.blackbox

ANY_LLM = "fal-ai/any-llm"
INPUT = {"prompt": "hi"}
HTTPError = client_module.FalClientHTTPError


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own setting of its first wait."""
    monkeypatch.setattr(client_module, "BASE_DELAY", 0.001)


def text(result: Any) -> str:
    return str(result["output"])


def statuses(fakefal: FakeFal) -> list[int]:
    return [call.status for call in fakefal.calls]


def test_two_pages_of_the_load_balancer_then_healthy(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("Ship it.").faults(submit="nginx-502 x2")
    assert text(fal_client.subscribe(ANY_LLM, INPUT)) == "Ship it."
    assert statuses(fakefal) == [502, 502, 200]


def test_a_page_that_carries_a_request_id_is_not_retried(fakefal: FakeFal) -> None:
    page = {"fail": "nginx-502", "headers": {"x-fal-request-id": "from-the-gateway"}}
    fakefal.on(ANY_LLM).text("Ship it.").faults(submit=[page])
    with pytest.raises(HTTPError) as caught:
        fal_client.subscribe(ANY_LLM, INPUT)
    assert caught.value.status_code == 502
    assert statuses(fakefal) == [502]


async def test_the_async_client_survives_them_too(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("Ship it.").faults(submit=["nginx-503", "reset"])
    assert text(await fal_client.AsyncClient().subscribe(ANY_LLM, INPUT)) == "Ship it."
    assert statuses(fakefal) == [503, 0, 200]


def test_accepted_then_reset_is_two_jobs_for_one_submit(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("Ship it.").faults(submit="accepted-then-reset")
    handle = fal_client.submit(ANY_LLM, INPUT)
    lost, known = [call.request_id for call in fakefal.calls]
    assert (handle.request_id, statuses(fakefal)) == (known, [0, 200])
    assert {job["request_id"] for job in fakefal.jobs} == {lost, known}


def test_an_accepted_submit_may_be_answered_by_a_page(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("Ship it.").faults(submit="accepted-then-nginx-504")
    assert text(fal_client.subscribe(ANY_LLM, INPUT)) == "Ship it."
    assert len(fakefal.jobs) == 2


def test_silence_ends_at_the_timeout_of_the_client(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("Ship it.").faults(run="hang")
    assert text(fal_client.SyncClient().run(ANY_LLM, INPUT, timeout=0.2)) == "Ship it."
    assert statuses(fakefal) == [0, 200]


def test_a_start_deadline_is_the_users_own(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).preset("stuck-in-queue")
    with pytest.raises(HTTPError) as caught:
        fal_client.subscribe(ANY_LLM, INPUT, start_timeout=30)
    assert caught.value.error_type == "request_timeout"
    assert caught.value.response_headers["x-fal-request-timeout-type"] == "user"
    assert [entry["kind"] for entry in fakefal.journal].count("result") == 1


def test_a_lost_runner_sends_the_request_back_to_the_queue(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("Ship it.").retries(2)
    seen: list[str] = []
    fal_client.subscribe(
        ANY_LLM, INPUT, on_queue_update=lambda update: seen.append(type(update).__name__)
    )
    assert seen == [*("Queued", "InProgress") * 3, "Completed"]
    (job,) = fakefal.jobs
    assert (job["attempt"], job["gateway_request_id"] == job["request_id"]) == (3, False)


def test_without_retries_the_first_failure_is_returned(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("Ship it.").retries(2)
    with pytest.raises(HTTPError) as caught:
        fal_client.subscribe(ANY_LLM, INPUT, headers={"X-Fal-No-Retry": "1"})
    assert caught.value.error_type == "runner_disconnected"


def test_the_tenth_loss_is_the_last(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("Ship it.").retries(10)
    handle = fal_client.submit(ANY_LLM, INPUT)
    with pytest.raises(HTTPError) as caught:
        handle.get()
    assert caught.value.status_code == 503
    assert fakefal.jobs[0]["attempt"] == 10


def test_positions_are_counted_where_runners_are(fakefal: FakeFal) -> None:
    fakefal.app(ANY_LLM, runners=1)
    fakefal.on(ANY_LLM).text("Ship it.")
    first, low, second = (
        fal_client.submit(ANY_LLM, INPUT, priority=priority) for priority in (None, "low", None)
    )
    assert second.status() == fal_client.Queued(position=0)
    assert low.status() == fal_client.Queued(position=1)
    first.get()
    assert low.status() == fal_client.Queued(position=0)
    second.get()
    assert isinstance(low.status(), fal_client.InProgress)


def test_exactly_one_job_works(fakefal: FakeFal) -> None:
    fakefal.account("exhausted-balance", after=1, reads="refused")
    fakefal.on(ANY_LLM).text("Ship it.")
    handle = fal_client.submit(ANY_LLM, INPUT)
    for refused in (lambda: fal_client.submit(ANY_LLM, INPUT), handle.status):
        with pytest.raises(HTTPError, match="Exhausted balance") as caught:
            refused()
        assert caught.value.status_code == 403


@pytest.mark.parametrize("fault", ["reset-headers", "reset-during", "truncate", "garbage", "close"])
def test_a_broken_answer_is_requested_again(fault: str, fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("Ship it.").faults(result=fault)
    assert text(fal_client.subscribe(ANY_LLM, INPUT)) == "Ship it."
    assert [entry["kind"] for entry in fakefal.journal].count("result") == 2


@pytest.mark.parametrize("fault", ["broken-json", "empty"])
def test_a_body_that_is_no_json_is_an_error_of_its_own(fault: str, fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("Ship it.").faults(result=fault)
    with pytest.raises(ValueError, match="Expecting value"):
        fal_client.subscribe(ANY_LLM, INPUT)


def test_chaos_is_the_same_for_the_same_seed(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("Ship it.")
    fakefal.chaos(0.4, ["nginx-502", "reset", "close"], seed=7, on=["submit", "status", "result"])

    def statuses_of(numbers: range) -> list[tuple[str, str, int]]:
        for number in numbers:
            fal_client.subscribe(ANY_LLM, {"prompt": str(number)})
        fresh = [(entry["request_id"], entry["kind"], entry["status"]) for entry in fakefal.journal]
        fakefal.controls.reset()
        fakefal.on(ANY_LLM).text("Ship it.")
        fakefal.chaos(
            0.4, ["nginx-502", "reset", "close"], seed=7, on=["submit", "status", "result"]
        )
        return sorted(fresh)

    forwards = statuses_of(range(8))
    assert forwards == statuses_of(range(7, -1, -1))
    assert any(status in (0, 502) for _, _, status in forwards)
