"""Sleeps of clients that move the clock of a test instead of waiting."""

from __future__ import annotations

import asyncio
import sys
import time  # noqa: TID251 - it is replaced here, not read
from collections.abc import Callable
from types import FrameType
from typing import Any

from fakefal.testing.redirect.patches import Patches


class SleepPatch:
    """Takes ``time.sleep`` and ``asyncio.sleep`` of some modules and all below them.

    Others sleep as always: a sleep is taken by who calls it.
    """

    def __init__(self, modules: tuple[str, ...], advance: Callable[[float], None]) -> None:
        self._modules = modules
        self._advance = advance
        self._patches = Patches()

    def open(self) -> None:
        """Begin."""
        sleep, async_sleep = time.sleep, asyncio.sleep  # noqa: TID251 - see above

        def patched_sleep(seconds: float) -> None:
            if self._is_patched_caller(sys._getframe(1)):
                self._advance(max(0.0, seconds))
            else:
                sleep(seconds)

        async def fake_async_sleep(delay: float, result: Any = None) -> Any:
            self._advance(max(0.0, delay))
            return await async_sleep(0, result)

        def patched_async_sleep(delay: float, result: Any = None) -> Any:
            if self._is_patched_caller(sys._getframe(1)):
                return fake_async_sleep(delay, result)
            return async_sleep(delay, result)

        self._patches.attribute(time, "sleep", patched_sleep)
        self._patches.attribute(asyncio, "sleep", patched_async_sleep)
        for module in list(sys.modules.values()):
            if self._is_patched_module(getattr(module, "__name__", "")):
                for name, value in list(vars(module).items()):
                    if value is sleep:
                        self._patches.attribute(module, name, patched_sleep)
                    elif value is async_sleep:
                        self._patches.attribute(module, name, patched_async_sleep)

    def close(self) -> None:
        """Put everything back."""
        self._patches.undo()

    def _is_patched_caller(self, frame: FrameType) -> bool:
        return self._is_patched_module(frame.f_globals.get("__name__", ""))

    def _is_patched_module(self, name: Any) -> bool:
        return isinstance(name, str) and any(
            name == module or name.startswith(f"{module}.") for module in self._modules
        )
