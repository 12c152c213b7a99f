from __future__ import annotations

import asyncio
import gc
import json
import threading
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from fakefal.errors import FakefalError, PortInUse
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.building import exchange, scenario

Threads = Callable[[], list[threading.Thread]]


@pytest.fixture
def threads() -> Threads:
    """The threads of servers that this test started; those of the session are excluded."""
    before = set(threading.enumerate())
    return lambda: [
        thread
        for thread in threading.enumerate()
        if thread.name == "fakefal" and thread not in before
    ]


def run(server: FakeFalServer) -> str:
    request = urllib.request.Request(
        f"{server.url}/fal.run/fal-ai/any-llm",
        data=b'{"prompt":"hi"}',
        headers={"Authorization": "Key id:secret", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        return str(json.load(response)["output"])


def test_it_serves_synchronous_code_until_the_block_ends(threads: Threads) -> None:
    with ThreadedServer(FakeFalServer(scenario(exchange()))) as server:
        assert run(server) == "Ship it."
        assert len(threads()) == 1
    assert threads() == []


def test_it_can_be_started_and_stopped_again_and_again(threads: Threads) -> None:
    server = ThreadedServer(FakeFalServer(scenario(exchange())))
    for _ in range(3):
        server.start()
        assert run(server.server) == "Ship it."
        server.stop()
        assert threads() == []


def test_stopping_a_stopped_server_does_nothing(threads: Threads) -> None:
    server = ThreadedServer(FakeFalServer())
    server.stop()
    server.start()
    server.stop()
    server.stop()
    assert threads() == []


def test_a_start_error_reaches_the_caller_and_leaves_no_thread(
    threads: Threads,
) -> None:
    with ThreadedServer(FakeFalServer()) as fal_server:
        server = ThreadedServer(FakeFalServer(port=fal_server.port))
        with pytest.raises(PortInUse):
            server.start()
        assert len(threads()) == 1
        server.stop()


def test_a_call_runs_in_the_thread_of_the_loop() -> None:
    server = ThreadedServer(FakeFalServer())

    def where() -> tuple[str, bool]:
        return threading.current_thread().name, asyncio.get_running_loop().is_running()

    with server:
        assert server.call(where) == ("fakefal", True)


def test_a_call_returns_its_result_or_raises_its_error() -> None:
    server = ThreadedServer(FakeFalServer(clock="manual"))
    with server as fal_server:
        controls = server.call(lambda: fal_server.controls("id:secret"))
        run(fal_server)
        (record,) = server.call(controls.calls)
        assert record.input == {"prompt": "hi"}
        with pytest.raises(ZeroDivisionError):
            server.call(lambda: 1 / 0)


def test_a_nested_call_does_not_deadlock() -> None:
    server = ThreadedServer(FakeFalServer())
    with server:
        assert server.call(lambda: server.call(lambda: 42)) == 42


def test_a_call_without_a_running_server_runs_immediately() -> None:
    server = ThreadedServer(FakeFalServer())
    assert server.call(threading.current_thread) is threading.current_thread()


def test_a_coroutine_runs_in_its_loop_while_the_caller_waits() -> None:
    async def where() -> str:
        return threading.current_thread().name

    server = ThreadedServer(FakeFalServer())
    with server:
        assert server.submit(where()).result(5) == "fakefal"
    with pytest.raises(FakefalError, match="the server is not running"):
        server.submit(where())


def test_an_interrupted_wait_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    async def wait() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    def interrupt(future: Future[None], timeout: float | None = None) -> None:
        raise KeyboardInterrupt

    server = ThreadedServer(FakeFalServer())
    with server:
        with monkeypatch.context() as patch:
            patch.setattr(Future, "result", interrupt)
            with pytest.raises(KeyboardInterrupt):
                server.run(wait())
        assert ended.wait(5)


def test_tasks_that_are_left_end_without_noise(caplog: pytest.LogCaptureFixture) -> None:
    ended = threading.Event()

    async def wait() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    server = ThreadedServer(FakeFalServer())
    server.start()
    future = server.submit(wait())
    server.stop()
    assert ended.is_set()
    assert future.cancelled()
    gc.collect()
    assert caplog.records == []
