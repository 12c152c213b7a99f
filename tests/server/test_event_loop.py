"""The event loop that servers run on."""

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
from fakefal.server.event_loop import new_event_loop
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


def test_the_result_of_a_coroutine_is_returned() -> None:
    async def main() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert run(main()).is_closed()


def test_the_error_of_a_coroutine_is_raised() -> None:
    async def main() -> None:
        raise LookupError("told")

    with pytest.raises(LookupError, match="told"):
        run(main())
