"""Gives the modules of fal's clients the clock of a test: their own names only, not the user's.

Source: client (docs/pytest.md#time names the clients and what cannot be reached).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import time  # noqa: TID251 - it is replaced here, not read
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType, ModuleType
from typing import Any
from unittest import mock

from fakefal.testing.redirect.client_clock import ClientClock, Deadline, use_deadline
from fakefal.testing.redirect.import_hooks import ImportHooks

CLIENT_MODULES = (
    "fal_client.client",
    "fal.apps",
    "huggingface_hub.inference._providers.fal_ai",
)
"""Modules that poll fal. Not ``fal_client.auth``: it compares the real time with a real token."""

ClockSource = Callable[[], ClientClock | None]
"""Returns the clock of the newest fake; None where clients really sleep."""


class ClientModules:
    """Replaces sleeps, times and timeouts in the modules of fal's clients while it is open."""

    def __init__(self, get_clock: ClockSource) -> None:
        self._get_clock = get_clock
        self._patches = ExitStack()
        self._replacements: dict[Any, Any] = {}

    def open(self) -> None:
        """Patch the modules that are imported, and others as soon as they are."""
        sleep, async_sleep = _make_sleep(self._get_clock), _make_async_sleep(self._get_clock)
        times = {
            name: _make_time(getattr(time, name), self._get_clock)
            for name in ("time", "monotonic", "perf_counter")
        }
        wait_for = _make_wait_for(self._get_clock)
        self._replacements = {
            time: _ModuleProxy(time, {"sleep": sleep, **times}),
            asyncio: _ModuleProxy(asyncio, {"sleep": async_sleep, "wait_for": wait_for}),
            time.sleep: sleep,
            asyncio.sleep: async_sleep,  # noqa: TID251 - it is replaced here, not called
            asyncio.wait_for: wait_for,
            **{getattr(time, name): replacement for name, replacement in times.items()},
        }
        hooks = ImportHooks(dict.fromkeys(CLIENT_MODULES, self._patch))
        self._patches.callback(hooks.close)
        hooks.open()

    def close(self) -> None:
        """Restore the modules."""
        self._patches.close()

    def _patch(self, module: ModuleType) -> None:
        for name, patched_value in list(vars(module).items()):
            value = _original(patched_value)
            if isinstance(value, concurrent.futures.ThreadPoolExecutor):
                replacement: Any = _Executor(value, self._get_clock)
            elif isinstance(value, ModuleType) or callable(value):
                try:
                    replacement = self._replacements.get(value)
                except TypeError:  # not hashable
                    continue
            else:
                continue
            if replacement is not None:
                self._patches.enter_context(mock.patch.object(module, name, replacement))


class _ModuleProxy(ModuleType):
    """A module with some names replaced."""

    def __init__(self, module: ModuleType, replacements: dict[str, Any]) -> None:
        super().__init__(module.__name__)
        self.__dict__.update(replacements)
        self.__dict__["_module"] = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_module"], name)


class _Executor:
    """Runs functions in the threads of another executor; their sleeps see the caller's timeout."""

    def __init__(self, executor: concurrent.futures.Executor, get_clock: ClockSource) -> None:
        self._executor = executor
        self._get_clock = get_clock

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """A future that starts when its result is requested, which is when the timeout is known."""

        def start(deadline: Deadline | None) -> concurrent.futures.Future[Any]:
            def run() -> Any:
                with use_deadline(deadline):
                    return function(*args, **kwargs)

            return self._executor.submit(run)

        clock = self._get_clock()
        return start(None) if clock is None else _Future(start, clock)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executor, name)


def _original(value: Any) -> Any:
    """What an outer fake, of another factory, has replaced; else the value itself."""
    if isinstance(value, _ModuleProxy):
        return value.__dict__["_module"]
    return value._executor if isinstance(value, _Executor) else value


class _Future:
    """``result(timeout)`` measures the timeout on the clock of a test."""

    def __init__(
        self, start: Callable[[Deadline | None], concurrent.futures.Future[Any]], clock: ClientClock
    ) -> None:
        self._start = start
        self._clock = clock
        self._future: concurrent.futures.Future[Any] | None = None

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the result; raises TimeoutError at the timeout."""
        if timeout is None or self._future is not None:
            return self._started(None).result(timeout)
        with self._clock.start_timeout(timeout) as deadline:
            future = self._started(deadline)
            # Real time is the limit of a request that the fake leaves without a response.
            return future.result(timeout if self._clock.is_moved_by_sleeps else None)

    def _started(self, deadline: Deadline | None) -> concurrent.futures.Future[Any]:
        if self._future is None:
            self._future = self._start(deadline)
        return self._future

    def __getattr__(self, name: str) -> Any:
        return getattr(self._started(None), name)


def _make_sleep(get_clock: ClockSource) -> Any:
    def sleep(seconds: float) -> None:
        clock = get_clock()
        # What the test has patched goes first; patch_sleep is ours.
        is_patched = getattr(time.sleep, "__self__", None) is not time
        if clock is None or (is_patched and not clock.moves_manual):
            time.sleep(seconds)
        else:
            clock.sleep(seconds, _request_id(sys._getframe(1)))

    return sleep


def _make_async_sleep(get_clock: ClockSource) -> Any:
    def sleep(delay: float, result: Any = None) -> Any:
        clock = get_clock()
        current = asyncio.sleep  # noqa: TID251 - what the test has patched goes first
        is_patched = current is not asyncio.tasks.sleep
        if clock is None or (is_patched and not clock.moves_manual):
            return current(delay, result)
        request_id = _request_id(sys._getframe(1))

        async def sleep_on_clock() -> Any:
            await clock.sleep_async(delay, request_id)
            return result

        return sleep_on_clock()

    return sleep


def _make_wait_for(get_clock: ClockSource) -> Any:
    async def wait_for(fut: Any, timeout: float | None) -> Any:
        clock = get_clock()
        if clock is None or timeout is None:
            return await asyncio.wait_for(fut, timeout)
        with clock.start_timeout(timeout):
            return await asyncio.wait_for(fut, timeout if clock.is_moved_by_sleeps else None)

    return wait_for


def _make_time(real: Callable[[], float], get_clock: ClockSource) -> Callable[[], float]:
    def read_time() -> float:
        clock = get_clock()
        return real() if clock is None else clock.now()

    return read_time


def _request_id(frame: FrameType) -> str:
    """The job that the sleeping function polls: its own variable, or its object's attribute."""
    variables = frame.f_locals
    value = variables.get("request_id") or getattr(variables.get("self"), "request_id", "")
    return value if isinstance(value, str) else ""
