"""Replies and matchers that are functions."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any

import fal_client
import httpx
import pytest
import trio

from fakefal import CallRecord, Failure, FakeFal, FakefalError, contains
from fakefal.testing.scripting.callables import CallbackErrors, guard_pattern
from tests.testing.conftest import RunTests

ANY_LLM = "fal-ai/any-llm"
HttpError = fal_client.client.FalClientHTTPError
WHO = contextvars.ContextVar("who", default="nobody")


def run(prompt: str = "x", endpoint: str = ANY_LLM) -> Any:
    return fal_client.run(endpoint, {"prompt": prompt})


def test_a_function_returns_text_output_or_either(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM, prompt="text").text(lambda call: call.input["prompt"].upper())
    fakefal.on(ANY_LLM, prompt="any").reply(lambda call: f"{call.via} {{{{ input.prompt }}}}")
    fakefal.on("a/b").output(lambda call: {"seen": call.input, "number": call.count})
    assert run("text")["output"] == "TEXT"
    assert run("any")["output"] == "run {{ input.prompt }}"
    assert [run("y", "a/b")["number"] for _ in range(2)] == [1, 2]
    assert fal_client.subscribe("a/b", {"z": 1}) == {"seen": {"z": 1}, "number": 3}
    events = list(fal_client.stream(ANY_LLM, {"prompt": "text"}))
    assert events[-1]["output"] == "TEXT"


def test_functions_and_static_replies_alternate(fakefal: FakeFal) -> None:
    exchange = fakefal.on(ANY_LLM).fail("runner_disconnected").then.text(lambda call: "second")
    exchange.timeline({"IN_PROGRESS": {"for": "2s"}}).then.text("third")
    with pytest.raises(HttpError):
        run()
    assert fal_client.subscribe(ANY_LLM, {"prompt": "x"})["output"] == "second"
    assert fakefal.clock.iso[17:19] == "02"
    assert run()["output"] == "third"


def test_a_function_may_fail_the_call(fakefal: FakeFal) -> None:
    def fails(call: CallRecord) -> Any:
        if call.count == 1:
            raise Failure("content_policy_violation")
        if call.count == 2:
            raise Failure(status=418, body={"detail": "teapot"})
        return "recovered"

    fakefal.on(ANY_LLM).reply(fails)
    assert [httpx_status() for _ in range(3)] == [422, 418, 200]
    fakefal.on("a/b").fail(lambda call: None if call.count > 1 else "nginx-502")
    assert [httpx_status("a/b") for _ in range(2)] == [502, 200]
    with pytest.raises(FakefalError, match="Failure takes either a name or fields"):
        Failure()


def httpx_status(endpoint: str = ANY_LLM) -> int:
    answer = httpx.post(
        f"https://fal.run/{endpoint}", json={"prompt": "x"}, headers={"Authorization": "Key a:b"}
    )
    return answer.status_code


def test_a_function_may_wait_and_may_call_the_fake(fakefal: FakeFal) -> None:
    released = threading.Event()
    WHO.set("the test")

    def waits(call: CallRecord) -> str:
        assert released.wait(10)
        return f"{run('inner')['output']} for {WHO.get()}"

    fakefal.on(ANY_LLM, prompt="inner").text("answer")
    fakefal.on(ANY_LLM).text(waits)
    threading.Timer(0.02, released.set).start()
    assert run("outer")["output"] == "answer for the test"


async def test_an_async_function_runs_in_the_loop_of_the_test(fakefal: FakeFal) -> None:
    released = asyncio.Event()

    async def waits(call: CallRecord) -> str:
        await released.wait()
        return "released"

    fakefal.on(ANY_LLM).text(waits)
    call = asyncio.ensure_future(fal_client.AsyncClient().run(ANY_LLM, {"prompt": "x"}))
    await asyncio.sleep(0)
    released.set()
    assert (await call)["output"] == "released"


def test_an_async_function_of_a_sync_test_runs_in_a_new_loop(fakefal: FakeFal) -> None:
    async def answers(call: CallRecord) -> str:
        await asyncio.sleep(0)
        return "async"

    fakefal.on(ANY_LLM).text(answers)
    assert run()["output"] == "async"


def test_an_async_function_of_a_trio_test(fakefal: FakeFal) -> None:
    async def main() -> Any:
        released = trio.Event()

        async def waits(call: CallRecord) -> str:
            await released.wait()
            return "trio"

        fakefal.on(ANY_LLM).text(waits)
        headers = {"Authorization": "Key a:b"}
        answers: list[Any] = []

        async def send() -> None:
            async with httpx.AsyncClient() as client:
                url = f"https://fal.run/{ANY_LLM}"
                answers.append(await client.post(url, json={"prompt": "x"}, headers=headers))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            released.set()
        return answers[0].json()["output"]

    assert trio.run(main) == "trio"


def test_predicates_are_patterns(fakefal: FakeFal) -> None:
    fakefal.on(ANY_LLM, prompt=lambda prompt: len(prompt) > 5).text("long")
    fakefal.on(ANY_LLM, input=lambda input: "model" in input).text("with a model")
    fakefal.on(ANY_LLM, prompt=contains("x")).text("short")
    assert [run(prompt)["output"] for prompt in ("x" * 6, "x")] == ["long", "short"]
    model = {"prompt": "x", "model": "openai/gpt-4o"}
    assert fal_client.run(ANY_LLM, model)["output"] == "with a model"


def test_exceptions_of_predicates_are_recorded() -> None:
    callback_errors = CallbackErrors()
    pattern = guard_pattern({"a": [lambda value: value.nothing]}, callback_errors)
    assert pattern["a"][0](7) is False
    assert isinstance(callback_errors.errors[0], AttributeError)


Build = Callable[[FakeFal], Any]


def test_what_a_function_raises_fails_the_test_with_its_own_traceback(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import fal_client
        import pytest

        def call():
            with pytest.raises(fal_client.client.FalClientHTTPError) as caught:
                fal_client.run("fal-ai/any-llm", {"prompt": "x"})
            return caught.value.response.json()["detail"]

        def looks_up(call):
            return {}[call.input["prompt"]]

        def test_reply(fakefal):
            fakefal.on("fal-ai/any-llm").text(looks_up)
            assert "looks_up (test_" in call()

        def test_predicate(fakefal):
            fakefal.on("fal-ai/any-llm", prompt=lambda prompt: prompt.nothing).text("x")
            assert "no exchange" in call()
            fakefal.pop_misses()

        @pytest.mark.parametrize("value", [7, {1, 2}])
        def test_no_text(fakefal, value):
            fakefal.on("fal-ai/any-llm").text(lambda call: value)
            call()

        async def test_blocked(fakefal, monkeypatch):
            monkeypatch.setattr("fakefal.testing.scripting.callables._TIMEOUT_SECONDS", 0.1)
            async def answers(call):
                return "never"
            fakefal.on("fal-ai/any-llm").text(answers)
            call()
        """
    )
    result.assert_outcomes(passed=5, errors=5)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_reply*",
            '*return {}?call.input?"prompt"??',
            "E *KeyError: 'x'",
            "*a callback of the test raised:",
            "E *AttributeError: 'str' object has no attribute 'nothing'",
            "E *FakefalError: *<lambda> (test_*) returned 7 — text must be a string",
            "E *FakefalError: *returned a value that is not JSON: *set*",
            "E *FakefalError: *answers (test_*) did not return within 0.1s — an async *",
        ]
    )
