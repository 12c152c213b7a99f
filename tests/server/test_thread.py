from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections.abc import Callable

import pytest

from fakefal.errors import FakefalError, PortInUse
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.building import exchange, scenario

Threads = Callable[[], list[threading.Thread]]


@pytest.fixture
def threads() -> Threads:
    """The threads of fakes that this test started; servers of the session have theirs."""
    before = set(threading.enumerate())
    return lambda: [
        thread
        for thread in threading.enumerate()
        if thread.name == "fakefal" and thread not in before
    ]


def run(fake: FakeFalServer) -> str:
    request = urllib.request.Request(
        f"{fake.url}/fal.run/fal-ai/any-llm",
        data=b'{"prompt":"hi"}',
        headers={"Authorization": "Key id:secret", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        return str(json.load(response)["output"])


def test_it_serves_synchronous_code_until_the_block_ends(threads: Threads) -> None:
    with ThreadedServer(FakeFalServer(scenario(exchange()))) as fake:
        assert run(fake) == "Ship it."
        assert len(threads()) == 1
    assert threads() == []


def test_it_can_be_started_and_stopped_again_and_again(threads: Threads) -> None:
    server = ThreadedServer(FakeFalServer(scenario(exchange())))
    for _ in range(3):
        server.start()
        assert run(server.server) == "Ship it."
        server.stop()
        assert threads() == []


def test_stopping_what_does_not_run_is_no_trouble(threads: Threads) -> None:
    server = ThreadedServer(FakeFalServer())
    server.stop()
    server.start()
    server.stop()
    server.stop()
    assert threads() == []


def test_what_keeps_it_from_starting_reaches_the_caller_and_leaves_no_thread(
    threads: Threads,
) -> None:
    with ThreadedServer(FakeFalServer()) as fake:
        server = ThreadedServer(FakeFalServer(port=fake.port))
        with pytest.raises(PortInUse):
            server.start()
        assert len(threads()) == 1
        server.stop()


def test_a_call_is_made_in_the_thread_of_the_loop() -> None:
    server = ThreadedServer(FakeFalServer())

    def where() -> tuple[str, bool]:
        return threading.current_thread().name, asyncio.get_running_loop().is_running()

    with server:
        assert server.call(where) == ("fakefal", True)


def test_a_call_gives_its_result_or_raises_its_error() -> None:
    server = ThreadedServer(FakeFalServer(clock="manual"))
    with server as fake:
        controls = server.call(lambda: fake.controls("id:secret"))
        run(fake)
        (record,) = server.call(controls.calls)
        assert record.input == {"prompt": "hi"}
        with pytest.raises(ZeroDivisionError):
            server.call(lambda: 1 / 0)


def test_a_call_within_a_call_does_not_wait_for_itself() -> None:
    server = ThreadedServer(FakeFalServer())
    with server:
        assert server.call(lambda: server.call(lambda: 42)) == 42


def test_a_call_while_nothing_runs_is_made_at_once() -> None:
    server = ThreadedServer(FakeFalServer())
    assert server.call(threading.current_thread) is threading.current_thread()


def test_a_coroutine_runs_in_its_loop_while_the_caller_waits() -> None:
    async def where() -> str:
        return threading.current_thread().name

    server = ThreadedServer(FakeFalServer())
    with server:
        assert server.submit(where()).result(5) == "fakefal"
    with pytest.raises(FakefalError, match="the fake is not running"):
        server.submit(where())
