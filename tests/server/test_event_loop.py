"""Event loops of our own."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys

import pytest

from fakefal.server.event_loop import new_event_loop, run

BLOCKED = """
import asyncio, sys
sys.modules["uvloop"] = None
from fakefal.server.loops import new_event_loop
loop = new_event_loop()
print(type(loop).__module__.split(".")[0])
loop.close()
"""


@pytest.mark.skipif(importlib.util.find_spec("uvloop") is None, reason="uvloop has no build here")
def test_uvloop_is_used_where_it_is_installed() -> None:
    loop = new_event_loop()
    assert type(loop).__module__.startswith("uvloop")
    loop.close()


def test_asyncio_is_used_where_uvloop_is_not() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=True
    )
    assert done.stdout == "asyncio\n"


def test_a_coroutine_is_run_to_its_result() -> None:
    async def main() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert run(main()).is_closed()


def test_what_a_coroutine_raises_comes_out() -> None:
    async def main() -> None:
        raise LookupError("told")

    with pytest.raises(LookupError, match="told"):
        run(main())
