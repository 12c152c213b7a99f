"""What the ``fakefal`` object makes go wrong, seen with plain HTTP."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from fakefal import FakeFal, FakefalError
from tests.testing.plainly import ask

ANY_LLM = "fal-ai/any-llm"


@pytest.fixture
def answering(fakefal: FakeFal) -> FakeFal:
    """A fake that answers every call."""
    fakefal.on(ANY_LLM).text("x")
    return fakefal


def run(fakefal: FakeFal, **more: Any) -> tuple[int, Any]:
    return ask(f"{fakefal.base_url('fal.run')}/{ANY_LLM}", {"prompt": "hi", **more})


def submit(fakefal: FakeFal) -> tuple[int, Any]:
    return ask(f"{fakefal.base_url('queue.fal.run')}/{ANY_LLM}", {"prompt": "hi"})


def statuses(fakefal: FakeFal, count: int) -> list[int]:
    return [run(fakefal)[0] for _ in range(count)]


def test_faults_of_one_exchange(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x").faults(run=["nginx-502 x2", {"status": 418}], submit="503")
    assert statuses(fakefal, 4) == [502, 502, 418, 200]
    assert [submit(fakefal)[0] for _ in range(2)] == [503, 200]
    assert [call.status for call in fakefal.calls] == [502, 502, 418, 200, 503, 200]


def test_faults_of_every_request_begin_anew_when_named_again(answering: FakeFal) -> None:
    answering.faults(run="500")
    assert statuses(answering, 2) == [500, 200]
    answering.options(logs="window")
    assert statuses(answering, 1) == [200]
    answering.faults(run="500")
    assert statuses(answering, 2) == [500, 200]
    answering.faults(run="500 x*")
    answering.faults(run="ok")
    assert statuses(answering, 1) == [200]


def test_a_reset_is_felt(answering: FakeFal) -> None:
    answering.faults(run=["reset", "ok"])
    with pytest.raises(ConnectionResetError):
        run(answering)
    assert run(answering)[0] == 200


def test_a_cut_answer_is_felt(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x").faults(run={"truncate": "40%"})
    with pytest.raises(http.client.IncompleteRead):
        run(fakefal)


def test_an_account_may_be_locked_and_unlocked(answering: FakeFal) -> None:
    answering.account("exhausted-balance")
    status, body = run(answering)
    assert (status, body["detail"][:15]) == (403, "User is locked.")
    answering.account()
    assert run(answering)[0] == 200


def test_presets_of_a_test(answering: FakeFal) -> None:
    answering.preset("one-job-then-locked")
    assert statuses(answering, 3) == [200, 403, 403]


def test_a_preset_of_an_exchange(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).preset("submit-502-twice", "no-waiting").text("x")
    assert statuses(fakefal, 3) == [502, 502, 200]
    assert [submit(fakefal)[0] for _ in range(2)] == [502, 502]
    assert submit(fakefal)[1]["status"] == "IN_PROGRESS"


def test_an_app_may_be_gone_and_come_back(answering: FakeFal) -> None:
    answering.app(ANY_LLM, gone=True)
    assert run(answering) == (404, {"detail": 'Application "any-llm" not found'})
    answering.app(ANY_LLM)
    assert run(answering)[0] == 200


def test_runners_are_counted(fakefal: FakeFal) -> None:
    fakefal.app(ANY_LLM, runners=1)
    fakefal.on(ANY_LLM).text("x").timeline({"IN_PROGRESS": {"for": "1h"}})
    urls = [submit(fakefal)[1]["status_url"] for _ in range(3)]
    shown = [ask(f"{fakefal.url}/{url.split('//')[1].partition('/')[2]}")[1] for url in urls[2:]]
    assert [it["queue_position"] for it in shown] == [1]


def test_a_host_may_be_down(answering: FakeFal) -> None:
    answering.host_down("queue.fal.run")
    with pytest.raises(ConnectionResetError):
        submit(answering)
    assert run(answering)[0] == 200


def test_chaos_is_the_same_in_every_test(answering: FakeFal) -> None:
    answering.chaos(0.4, ["500", "nginx-503"], seed=3, on="run")
    seen = [run(answering, prompt=f"number {number}")[0] for number in range(20)]
    assert 3 < sum(status != 200 for status in seen) < 16
    answering.chaos(0, ["500"])
    assert statuses(answering, 3) == [200] * 3


def test_retries_and_cancels_and_keeping(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x").retries(3, after="startup_timeout").cancel("honoured").result_ttl(
        "1m"
    )
    submit(fakefal)
    assert fakefal.jobs[0]["attempt"] == 1
    assert fakefal.jobs[0]["gateway_request_id"] == fakefal.jobs[0]["request_id"]


@pytest.mark.parametrize(
    ("method", "given", "named", "told"),
    [
        ("faults", [], {"runn": "500"}, 'faults.runn: unknown key "runn" — did you mean "run"?'),
        (
            "faults",
            [],
            {"run": "resett"},
            'faults.run: "resett" is no fault — did you mean "reset"?',
        ),
        ("account", ["happy"], {}, 'account.state: "happy" is no state of an account — known here'),
        (
            "preset",
            ["stuck-in-queue"],
            {},
            '"stuck-in-queue" is no preset for a scenario — name it',
        ),
        (
            "app",
            [ANY_LLM],
            {"runners": 0},
            "apps.fal-ai/any-llm.runners: 0 is too small — at least 1",
        ),
        ("host_down", ["fal.rum"], {}, 'hosts.fal.rum: "fal.rum" is no host of fal — did you mean'),
        ("chaos", [2, "reset"], {}, "chaos.rate: 2 is too large — at most 1"),
        (
            "options",
            [],
            {"subpat": 1},
            'options.subpat: unknown key "subpat" — did you mean "subpath"?',
        ),
    ],
)
def test_a_mistake_is_told_at_once(
    fakefal: FakeFal, method: str, given: list[Any], named: dict[str, Any], told: str
) -> None:
    with pytest.raises(FakefalError) as caught:
        getattr(fakefal, method)(*given, **named)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_host_that_was_down_comes_up_again(answering: FakeFal) -> None:
    answering.host_down("fal.run")
    with pytest.raises(ConnectionResetError):
        run(answering)
    answering.host_up("fal.run")
    assert run(answering)[0] == 200


def test_keys_may_be_demanded_in_one_test(answering: FakeFal) -> None:
    answering.options(keys=["other:key"])
    assert run(answering)[0] == 401
    answering.options(keys=["a:b"])
    assert run(answering)[0] == 200


@pytest.mark.parametrize("prompt", ["refused", "missed"])
def test_what_happens_to_an_answer_happens_to_a_failure_too(prompt: str, fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM, prompt="refused").fail("content-policy")
    fakefal.faults(stream={"accepted": True, "fail": "nginx-502"})
    url = f"{fakefal.base_url('fal.run')}/{ANY_LLM}/stream"
    assert ask(url, {"prompt": prompt})[0] == 502
    assert ask(url, {"prompt": prompt})[0] in (404, 422)
    fakefal.pop_misses()
