"""What the ``fakefal`` object makes go wrong, seen with plain HTTP."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from fakefal import FakeFal, FakefalError
from tests.testing.plain_http import request

ANY_LLM = "fal-ai/any-llm"


@pytest.fixture
def answering_fake(fakefal: FakeFal) -> FakeFal:
    """A fake that answers every call."""
    fakefal.on(ANY_LLM).text("x")
    return fakefal


def run(fakefal: FakeFal, **fields: Any) -> tuple[int, Any]:
    return request(f"{fakefal.base_url('fal.run')}/{ANY_LLM}", {"prompt": "hi", **fields})


def submit(fakefal: FakeFal) -> tuple[int, Any]:
    return request(f"{fakefal.base_url('queue.fal.run')}/{ANY_LLM}", {"prompt": "hi"})


def statuses(fakefal: FakeFal, count: int) -> list[int]:
    return [run(fakefal)[0] for _ in range(count)]


def test_faults_of_one_exchange(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x").faults(run=["nginx-502 x2", {"status": 418}], submit="503")
    assert statuses(fakefal, 4) == [502, 502, 418, 200]
    assert [submit(fakefal)[0] for _ in range(2)] == [503, 200]
    assert [call.status for call in fakefal.calls] == [502, 502, 418, 200, 503, 200]


def test_faults_of_every_request_restart_when_set_again(answering_fake: FakeFal) -> None:
    answering_fake.faults(run="500")
    assert statuses(answering_fake, 2) == [500, 200]
    answering_fake.options(logs="window")
    assert statuses(answering_fake, 1) == [200]
    answering_fake.faults(run="500")
    assert statuses(answering_fake, 2) == [500, 200]
    answering_fake.faults(run="500 x*")
    answering_fake.faults(run="ok")
    assert statuses(answering_fake, 1) == [200]


def test_a_reset_fault_resets_the_connection(answering_fake: FakeFal) -> None:
    answering_fake.faults(run=["reset", "ok"])
    with pytest.raises(ConnectionResetError):
        run(answering_fake)
    assert run(answering_fake)[0] == 200


def test_a_truncate_fault_cuts_the_response(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x").faults(run={"truncate": "40%"})
    with pytest.raises(http.client.IncompleteRead):
        run(fakefal)


def test_an_account_may_be_locked_and_unlocked(answering_fake: FakeFal) -> None:
    answering_fake.account("exhausted-balance")
    status, body = run(answering_fake)
    assert (status, body["detail"][:15]) == (403, "User is locked.")
    answering_fake.account()
    assert run(answering_fake)[0] == 200


def test_presets_of_a_test(answering_fake: FakeFal) -> None:
    answering_fake.preset("one-job-then-locked")
    assert statuses(answering_fake, 3) == [200, 403, 403]


def test_a_preset_of_an_exchange(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).preset("submit-502-twice", "no-waiting").text("x")
    assert statuses(fakefal, 3) == [502, 502, 200]
    assert [submit(fakefal)[0] for _ in range(2)] == [502, 502]
    assert submit(fakefal)[1]["status"] == "IN_PROGRESS"


def test_an_app_may_be_removed_and_restored(answering_fake: FakeFal) -> None:
    answering_fake.app(ANY_LLM, removed=True)
    assert run(answering_fake) == (404, {"detail": 'Application "any-llm" not found'})
    answering_fake.app(ANY_LLM)
    assert run(answering_fake)[0] == 200


def test_runners_are_counted(fakefal: FakeFal) -> None:
    fakefal.app(ANY_LLM, runners=1)
    fakefal.on(ANY_LLM).text("x").timeline({"IN_PROGRESS": {"for": "1h"}})
    urls = [submit(fakefal)[1]["status_url"] for _ in range(3)]
    shown = [
        request(f"{fakefal.url}/{url.split('//')[1].partition('/')[2]}")[1] for url in urls[2:]
    ]
    assert [status["queue_position"] for status in shown] == [1]


def test_a_host_may_be_down(answering_fake: FakeFal) -> None:
    answering_fake.host_down("queue.fal.run")
    with pytest.raises(ConnectionResetError):
        submit(answering_fake)
    assert run(answering_fake)[0] == 200


def test_chaos_is_the_same_in_every_test(answering_fake: FakeFal) -> None:
    answering_fake.chaos(0.4, ["500", "nginx-503"], seed=3, on="run")
    seen = [run(answering_fake, prompt=f"number {number}")[0] for number in range(20)]
    assert 3 < sum(status != 200 for status in seen) < 16
    answering_fake.chaos(0, ["500"])
    assert statuses(answering_fake, 3) == [200] * 3


def test_retries_cancels_and_result_ttl(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x").retries(3, after="startup_timeout").cancel("accepted").result_ttl(
        "1m"
    )
    submit(fakefal)
    assert fakefal.jobs[0]["attempt"] == 1
    assert fakefal.jobs[0]["gateway_request_id"] == fakefal.jobs[0]["request_id"]


@pytest.mark.parametrize(
    ("method", "args", "kwargs", "problem"),
    [
        ("faults", [], {"runn": "500"}, 'faults.runn: unknown key "runn" — did you mean "run"?'),
        ("faults", [], {"run": "resett"}, 'faults.run: "resett" is not a fault'),
        ("account", ["happy"], {}, 'account.state: "happy" is not a state of an account — one of'),
        ("preset", ["stuck-in-queue"], {}, '"stuck-in-queue" is not a preset of a scenario'),
        (
            "app",
            [ANY_LLM],
            {"runners": 0},
            "apps.fal-ai/any-llm.runners: 0 is too small — at least 1",
        ),
        ("host_down", ["fal.rum"], {}, 'hosts.fal.rum: "fal.rum" is not a host of fal'),
        ("chaos", [2, "reset"], {}, "chaos.rate: 2 is too large — at most 1"),
        (
            "options",
            [],
            {"subpat": 1},
            'options.subpat: unknown key "subpat" — did you mean "subpath"?',
        ),
    ],
)
def test_invalid_settings_are_reported_immediately(
    fakefal: FakeFal, method: str, args: list[Any], kwargs: dict[str, Any], problem: str
) -> None:
    with pytest.raises(FakefalError) as caught:
        getattr(fakefal, method)(*args, **kwargs)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_host_that_was_down_comes_up_again(answering_fake: FakeFal) -> None:
    answering_fake.host_down("fal.run")
    with pytest.raises(ConnectionResetError):
        run(answering_fake)
    answering_fake.host_up("fal.run")
    assert run(answering_fake)[0] == 200


def test_keys_may_be_demanded_in_one_test(answering_fake: FakeFal) -> None:
    answering_fake.options(keys=["other:key"])
    assert run(answering_fake)[0] == 401
    answering_fake.options(keys=["a:b"])
    assert run(answering_fake)[0] == 200


@pytest.mark.parametrize("prompt", ["refused", "missed"])
def test_response_faults_apply_to_failures_too(prompt: str, fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM, prompt="refused").fail("content-policy")
    fakefal.faults(stream={"accepted": True, "fail": "nginx-502"})
    url = f"{fakefal.base_url('fal.run')}/{ANY_LLM}/stream"
    assert request(url, {"prompt": prompt})[0] == 502
    assert request(url, {"prompt": prompt})[0] in (404, 422)
    fakefal.pop_misses()
