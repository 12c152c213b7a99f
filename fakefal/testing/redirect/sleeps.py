"""Patches the sleeps of some modules to move the clock of a test instead of waiting."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import time  # noqa: TID251 - it is patched here, not read
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any
from unittest import mock

from fakefal.errors import FakefalError, hide_frame
from fakefal.scenario.matching.texts import close_name

__tracebackhide__ = hide_frame

_CLIENT_SLEEPS = "fakefal.testing.redirect.client_modules"


@contextmanager
def patch_sleeps(modules: tuple[str, ...], advance: Callable[[float], None]) -> Iterator[None]:
    """Patch ``time.sleep`` and ``asyncio.sleep`` for calls from ``modules`` and their submodules.

    Calls from other modules sleep as before: the caller's frame decides. Names that were imported
    (``from time import sleep``) are patched in the modules.
    """
    sleep, async_sleep = time.sleep, asyncio.sleep  # noqa: TID251 - see above

    def patched_sleep(seconds: float) -> None:
        if _is_caller_in(sys._getframe(1), modules):
            advance(max(0.0, seconds))
        else:
            sleep(seconds)

    async def fake_async_sleep(delay: float, result: Any = None) -> Any:
        advance(max(0.0, delay))
        return await async_sleep(0, result)

    def patched_async_sleep(delay: float, result: Any = None) -> Any:
        if _is_caller_in(sys._getframe(1), modules):
            return fake_async_sleep(delay, result)
        return async_sleep(delay, result)

    with ExitStack() as patches:
        patches.enter_context(mock.patch.object(time, "sleep", patched_sleep))
        patches.enter_context(mock.patch.object(asyncio, "sleep", patched_async_sleep))
        for module in list(sys.modules.values()):
            if not _is_in(getattr(module, "__name__", ""), modules):
                continue
            for name, value in list(vars(module).items()):
                if value is sleep:
                    patches.enter_context(mock.patch.object(module, name, patched_sleep))
                elif value is async_sleep:
                    patches.enter_context(mock.patch.object(module, name, patched_async_sleep))
        yield


def check_modules(modules: tuple[str, ...]) -> None:
    """Raises FakefalError for a name that is neither imported nor importable."""
    for name in modules:
        try:
            is_module = name in sys.modules or importlib.util.find_spec(name) is not None
        except (ImportError, ValueError):
            is_module = False
        if not is_module:
            close = close_name(str(name), sys.modules)
            fix = (
                f'did you mean "{close}"?' if close else 'write its full name, such as "myapp.llm"'
            )
            raise FakefalError(f"there is no module {name!r} whose sleeps could be patched — {fix}")


def _is_caller_in(frame: FrameType, modules: tuple[str, ...]) -> bool:
    """Whether the caller is in one of the modules; a sleep of ``client_modules`` has its own."""
    caller: FrameType | None = frame
    while caller is not None and caller.f_globals.get("__name__") == _CLIENT_SLEEPS:
        caller = caller.f_back
    return caller is not None and _is_in(caller.f_globals.get("__name__", ""), modules)


def _is_in(name: Any, modules: tuple[str, ...]) -> bool:
    return isinstance(name, str) and any(
        name == module or name.startswith(f"{module}.") for module in modules
    )
