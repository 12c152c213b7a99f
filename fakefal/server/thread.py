"""A server in its own thread, for code without an event loop, or that blocks it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, TypeVar

from fakefal.errors import FakefalError, hide_frame
from fakefal.server.event_loop import new_event_loop
from fakefal.server.server import FakeFalServer

__tracebackhide__ = hide_frame

Result = TypeVar("Result")


class ThreadedServer:
    """Runs a server beside synchronous code: ``with ThreadedServer(FakeFalServer()) as server:``.

    ``start`` returns when the server is listening, and raises its errors. The server's state
    belongs to its thread: ``call`` runs a function there.
    """

    def __init__(self, server: FakeFalServer) -> None:
        self.server = server
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread and wait until the server is listening."""
        loop = new_event_loop()
        thread = threading.Thread(target=self._run, args=(loop,), name="fakefal", daemon=True)
        self._loop, self._thread = loop, thread
        thread.start()
        try:
            _result_of(asyncio.run_coroutine_threadsafe(self.server.start(), loop))
        except BaseException:
            self._stop_thread()
            raise

    def stop(self) -> None:
        """Stop the server and wait for its thread."""
        if self._loop is not None:
            try:
                asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result()
            finally:
                self._stop_thread()

    def call(self, function: Callable[[], Result]) -> Result:
        """Run a function in the server's thread, and return its result or raise its error."""
        if self._loop is None or threading.current_thread() is self._thread:
            return function()

        async def run() -> Result:
            return function()

        return self.run(run())

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine in the server's thread, and return its result or raise its error.

        An interrupted wait (Ctrl-C, a timeout plugin) cancels the coroutine. A FakefalError has the
        caller's traceback, not that of the server's thread.
        """
        try:
            return _result_of(self.submit(coroutine))
        except FakefalError as error:
            raise error.with_traceback(None) from error.__cause__

    def submit(self, coroutine: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Schedule a coroutine in the server's thread; raises FakefalError if it is not running."""
        if self._loop is None:
            coroutine.close()
            raise FakefalError("the server is not running — start it first")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def __enter__(self) -> FakeFalServer:
        self.start()
        return self.server

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            _cancel_tasks(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    def _stop_thread(self) -> None:
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()


def _result_of(future: Future[Result]) -> Result:
    """Wait for a future; what interrupts the wait cancels it."""
    try:
        return future.result()
    except BaseException:
        future.cancel()  # no-op where the exception is the future's own
        raise


def _cancel_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Let the tasks end that a server which was not stopped in order has left."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
