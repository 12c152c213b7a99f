"""Event loops for servers: uvloop's where it is installed, as it is faster, else asyncio's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from fakefal import system_time

Result = TypeVar("Result")


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A new loop, not yet set as the current one of any thread.

    Where gevent or eventlet has replaced threads by greenlets it is asyncio's: uvloop waits in C,
    where no other greenlet of its thread ever runs.
    """
    if _are_threads_greenlets():
        return _new_asyncio_loop()
    try:
        import uvloop
    except ImportError:
        return _new_asyncio_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def _are_threads_greenlets() -> bool:
    """Whether a new thread of this process would be a greenlet.

    Source: client (gevent 26.9.0 monkey/api.py ``is_module_patched``, eventlet 0.41.3 patcher.py
    ``is_monkey_patched``).
    """
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    return (gevent is not None and bool(gevent.is_module_patched("threading"))) or (
        eventlet is not None and bool(eventlet.is_monkey_patched("thread"))
    )


def _new_asyncio_loop() -> asyncio.AbstractEventLoop:
    """asyncio's loop, whose timers go on where a test has frozen the time (uvloop's do)."""
    loop = asyncio.new_event_loop()
    vars(loop)["time"] = system_time.monotonic
    return loop


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """``asyncio.run`` on such a loop; its ``loop_factory`` needs Python 3.12."""
    loop = new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
