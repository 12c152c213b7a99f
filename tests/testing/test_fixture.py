from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fal_client
import pytest

from fakefal import (
    FakeFal,
    FakefalError,
    ThreadedServer,
    UnmatchedCalls,
    absent,
    any_of,
    contains,
    less_than,
    more_than,
    regex,
)
from fakefal.errors import ScenarioError
from tests.serving import request_json

ANY_LLM = "fal-ai/any-llm"
HttpError = fal_client.client.FalClientHTTPError


def run(endpoint: str = ANY_LLM, **arguments: Any) -> Any:
    """The output of a direct call; its prompt is hi unless there is another input."""
    return fal_client.run(endpoint, arguments or {"prompt": "hi"})["output"]


def refused(endpoint: str = ANY_LLM, **arguments: Any) -> Any:
    """The response of a direct call that fails."""
    with pytest.raises(HttpError) as caught:
        run(endpoint, **arguments)
    return caught.value.response


# Exchanges


def test_an_exchange_works_as_soon_as_it_has_an_outcome(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("Ship it.")
    assert run() == "Ship it."


def test_what_is_left_out_matches_everything(fakefal: FakeFal) -> None:
    fakefal.on().output({"output": "whatever"})
    assert run("fal-ai/flux/dev", prompt="x", seed=7) == "whatever"
    assert run() == "whatever"


def test_the_first_exchange_that_matches_answers(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/*", prompt="one").text("1")
    fakefal.on(ANY_LLM, input={"prompt": "two"}, model="openai/gpt-4o").text("2")
    fakefal.on(ANY_LLM, via="run").text("3")
    fakefal.on(ANY_LLM, via=["queue", "stream"]).text("4")
    assert run(prompt="one") == "1"
    assert run(prompt="two", model="openai/gpt-4o") == "2"
    assert run(prompt="two") == "3"
    assert fal_client.subscribe(ANY_LLM, {"prompt": "two"})["output"] == "4"
    assert list(fal_client.stream(ANY_LLM, {"prompt": "two"}))[-1]["output"] == "4"


def test_headers_are_matched(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM, headers={"x-fal-queue-priority": "low"}).text("later")
    fakefal.on(ANY_LLM).text("now")
    low = fal_client.submit(ANY_LLM, {"prompt": "x"}, priority="low")
    assert low.get()["output"] == "later"
    assert fal_client.submit(ANY_LLM, {"prompt": "x"}).get()["output"] == "now"


@pytest.mark.parametrize(
    ("pattern", "fits", "misfits"),
    [
        (contains("tag"), "a tagline", "a slogan"),
        (regex("^a"), "a tagline", "tagline"),
        (any_of("x", contains("y")), "my", "z"),
        (more_than(3), 4, 3),
        (less_than(3), 2.5, 3),
        ({"$type": "string"}, "x", 1),
        ({"deep": [contains("x")]}, {"deep": ["xyz"]}, {"deep": ["abc"]}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_value_of_the_input_may_be_a_pattern(
    fakefal: FakeFal, pattern: Any, fits: Any, misfits: Any
) -> None:
    fakefal.on("fal-ai/flux/dev", value=pattern).output({"output": "fits"})
    fakefal.on("fal-ai/flux/dev").output({"output": "does not"})
    assert run("fal-ai/flux/dev", value=fits) == "fits"
    assert run("fal-ai/flux/dev", value=misfits) == "does not"


def test_a_field_may_be_wanted_absent(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM, model=absent()).text("default model")
    fakefal.on(ANY_LLM).text("named model")
    assert run(prompt="x") == "default model"
    assert run(prompt="x", model="openai/gpt-4o") == "named model"


def test_replies_are_used_in_order_and_the_last_repeats(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).fail("runner_disconnected").then.text("one").then.text("two")
    assert refused().status_code == 503
    assert [run(), run(), run()] == ["one", "two", "two"]


def test_replies_may_start_over_or_end(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM, prompt="round").text("1").then.text("2").cycle()
    assert [run(prompt="round") for _ in range(3)] == ["1", "2", "1"]
    fakefal.on(ANY_LLM, prompt="twice").text("x").times(2)
    fakefal.on(ANY_LLM, prompt="once").text("x").once()
    assert [run(prompt=prompt) for prompt in ("twice", "twice", "once")] == ["x"] * 3
    assert "used up" in refused(prompt="twice").json()["detail"]
    assert "used up" in refused(prompt="once").json()["detail"]
    assert len(fakefal.pop_misses()) == 2


def test_an_exchange_may_be_changed_after_it_answered(fakefal: FakeFal) -> None:
    exchange = fakefal.on(ANY_LLM).text("before")
    fakefal.on(ANY_LLM).text("another")
    assert run() == "before"
    exchange.text("after")
    assert run() == "after"


def test_a_reply_may_carry_headers_units_and_time(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x").headers({"x-more": "1"}).billable_units(2.5).inference_time(
        "1.2s"
    )
    job = fal_client.submit(ANY_LLM, {"prompt": "x"})
    job.get()
    done = job.status()
    assert isinstance(done, fal_client.Completed)
    assert done.metrics["inference_time"] == 1.2
    fakefal.on("fal-ai/flux/dev").fail(status=418, body={"detail": "teapot"}).headers({"x-a": "1"})
    response = refused("fal-ai/flux/dev", prompt="x")
    assert (response.status_code, response.json(), response.headers["x-a"]) == (
        418,
        {"detail": "teapot"},
        "1",
    )


def test_soft_errors_are_inside_the_output(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).soft_error("upstream said no", text="As far as")
    answer = fal_client.run(ANY_LLM, {"prompt": "x"})
    assert (answer["output"], answer["error"]) == ("As far as", "upstream said no")


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        (lambda fake: fake.on(ANY_LLM).fail("runner_disconected"), "runner_disconnected"),
        (lambda fake: fake.on(ANY_LLM).fail(), "fail takes either a name or fields"),
        (lambda fake: fake.on(ANY_LLM).text("x").times(-1), "times"),
        (lambda fake: fake.on(ANY_LLM).text("x").timeline("QUEUED"), "timeline[0]"),
        (lambda fake: fake.on(ANY_LLM).text("x").stream(by="wrod"), "stream.by"),
        (lambda fake: fake.on(ANY_LLM).text("x").stream(evry="1s"), 'did you mean "every"'),
        (
            lambda fake: fake.on(ANY_LLM).text("x").inference_time("soon"),
            '"soon" is not a duration',
        ),
        (lambda fake: fake.on(ANY_LLM, via="phone").text("x"), "when.via"),
        (lambda fake: fake.on(ANY_LLM, prompt=regex("(")).text("x"), "prompt"),
        (lambda fake: fake.on(ANY_LLM, prompt={"$contain": "x"}).text("x"), "$contains"),
        (lambda fake: fake.on(ANY_LLM).text("{{ input.prompt"), "text"),
        (lambda fake: fake.on(ANY_LLM, input=[1], prompt="x"), "input must be a dict"),
    ],
)
def test_an_error_in_an_exchange_is_raised_where_it_is_written(
    fakefal: FakeFal, build: Any, problem: str
) -> None:
    with pytest.raises(FakefalError) as caught:
        build(fakefal)
    assert problem in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_error_changes_nothing(fakefal: FakeFal) -> None:
    exchange = fakefal.on(ANY_LLM).text("Ship it.")
    with pytest.raises(FakefalError):
        exchange.times(-1)
    assert run() == "Ship it."


# Scenario files


def test_a_scenario_file_adds_its_exchanges(fakefal: FakeFal, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "fakefal: 1\nexchanges:\n  - when: {input: {prompt: file}}\n    reply: {text: from file}\n"
    )
    fakefal.on(ANY_LLM, prompt="mine").text("mine")
    fakefal.load(path)
    fakefal.load({"fakefal": 1, "exchanges": [{"reply": {"text": "from dict"}}]})
    assert [run(prompt=prompt) for prompt in ("mine", "file", "x")] == [
        "mine",
        "from file",
        "from dict",
    ]


def test_an_invalid_scenario_is_rejected(fakefal: FakeFal, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no such file"):
        fakefal.load(tmp_path / "x.yaml")
    with pytest.raises(ScenarioError, match=r"load\(…\): exchanges\[0\].reply.texd"):
        fakefal.load({"fakefal": 1, "exchanges": [{"reply": {"texd": "x"}}]})


# What happened


def test_calls_are_listed_as_received(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x")
    run(prompt="one")
    job = fal_client.submit(ANY_LLM, {"prompt": "two"}, priority="low")
    job.get()
    first, second = fakefal.calls
    assert (first.endpoint, first.via, first.input) == (ANY_LLM, "run", {"prompt": "one"})
    assert (second.via, second.request_id, second.status) == ("queue", job.request_id, 200)
    assert second.headers["x-fal-queue-priority"] == "low"
    assert "authorization" not in {name.lower() for name in second.headers}
    kinds = [entry["kind"] for entry in fakefal.journal]
    assert kinds[:2] == ["call", "call"]
    assert set(kinds[2:]) == {"status", "result"}
    (record,) = fakefal.jobs
    assert (record["request_id"], record["state"]) == (job.request_id, "completed")


def test_misses_fail_the_test_unless_they_are_popped(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM, prompt=contains("tagline")).text("x")
    refused(prompt="one")
    refused(prompt="two")
    assert len(fakefal.misses) == 2
    with pytest.raises(UnmatchedCalls, match="2 calls matched no exchange"):
        fakefal.assert_no_misses()
    one, two = fakefal.pop_misses()
    assert one.startswith(f"no exchange for {ANY_LLM} (run); nearest: ")
    assert 'got "one"' in one
    assert 'got "two"' in two
    assert fakefal.pop_misses() == []
    fakefal.assert_no_misses()
    refused(prompt="three")
    with pytest.raises(UnmatchedCalls):
        fakefal.assert_no_misses()
    assert len(fakefal.pop_misses()) == 1


# Time


def test_waiting_moves_an_instant_clock(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("a b").timeline({"IN_PROGRESS": {"for": "1h"}}).stream(every="1h")
    before = fakefal.clock.now
    assert (fakefal.clock.kind, fakefal.clock.iso) == ("instant", "2026-01-01T00:00:00.000000Z")
    assert fal_client.subscribe(ANY_LLM, {"prompt": "x"})["output"] == "a b"
    assert fakefal.clock.now - before >= 3600
    assert [event["output"] for event in fal_client.stream(ANY_LLM, {"prompt": "x"})][-1] == "a b"


def test_the_clock_can_be_moved(fakefal: FakeFal) -> None:
    before = fakefal.clock.now
    fakefal.clock.advance("90s")
    fakefal.clock.advance(0.5)
    assert fakefal.clock.now - before == 90.5
    assert fakefal.clock.iso == "2026-01-01T00:01:30.500000Z"
    with pytest.raises(FakefalError, match=r"soon.* is not a duration"):
        fakefal.clock.advance("soon")


# Whom it belongs to


def test_it_has_addresses_for_clients_of_every_kind(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x")
    assert fakefal.base_url("queue.fal.run") == f"{fakefal.url}/queue.fal.run"
    status, body = request_json(
        f"{fakefal.base_url('fal.run')}/{ANY_LLM}", {"prompt": "x"}, key=fakefal.key
    )
    assert (status, body["output"]) == (200, "x")


def test_whatever_key_is_used_leads_to_the_test(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x")
    for key in (fakefal.key, "another", "some:other"):
        assert fal_client.SyncClient(key=key).run(ANY_LLM, {"prompt": "x"})["output"] == "x"
    assert len(fakefal.calls) == 3


def test_threads_share_the_fake_of_their_test(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("{{ input.prompt }}")
    prompts = [str(number) for number in range(20)]
    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(lambda prompt: run(prompt=prompt), prompts)) == prompts
    assert sorted(call.input["prompt"] for call in fakefal.calls) == sorted(prompts)


def test_a_closed_fake_drops_its_tenant(fakefal_server: ThreadedServer) -> None:
    fake = FakeFal(fakefal_server, "closed:key", clock="manual")
    engine = fakefal_server.server.engine
    assert engine.default_tenant is fake.controls.tenant
    fake.close()
    assert engine.default_tenant is None
    assert fakefal_server.call(lambda: engine.find("closed:key")) is None


def test_an_unknown_kind_of_clock_is_rejected(fakefal_server: ThreadedServer) -> None:
    with pytest.raises(FakefalError, match="sand"):
        FakeFal(fakefal_server, "sand:key", clock="sand")


def test_a_journal_that_is_not_full_has_dropped_nothing(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM).text("x")
    fal_client.run(ANY_LLM, {"prompt": "one"})
    assert (len(fakefal.journal), fakefal.dropped) == (1, 0)
