from __future__ import annotations

import asyncio
import sys
import time
from types import ModuleType

import fal_client
import pytest

from fakefal import FakeFal
from fakefal.testing.redirect.sleeps import patch_sleeps

SLEEPER = """
import asyncio, time
from time import sleep

def nap(seconds):
    time.sleep(seconds)
    sleep(seconds)

async def doze(seconds):
    await asyncio.sleep(seconds)
"""


@pytest.fixture
def sleeper(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("app.sleeper")
    monkeypatch.setitem(sys.modules, "app.sleeper", module)
    exec(SLEEPER, vars(module))
    return module


def test_sleeps_of_named_modules_are_patched_and_others_are_not(sleeper: ModuleType) -> None:
    slept: list[float] = []
    before = (time.sleep, asyncio.sleep, sleeper.sleep)
    with patch_sleeps(("app",), slept.append):
        sleeper.nap(1000)
        asyncio.run(sleeper.doze(500))
        time.sleep(0)
        asyncio.run(asyncio.sleep(0))
    assert slept == [1000, 1000, 500]
    assert (time.sleep, asyncio.sleep, sleeper.sleep) == before


@pytest.mark.fakefal(clock="manual")
def test_the_sleeps_of_fal_client_move_the_clock(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").timeline({"IN_PROGRESS": {"for": "3s"}})
    with fakefal.clock.patch_sleep():
        assert fal_client.subscribe("fal-ai/any-llm", {"prompt": "x"})["output"] == "x"
    assert fakefal.clock.iso[17:19] == "03"
    assert 29 <= len(fakefal.polls) <= 33


@pytest.mark.fakefal(clock="manual")
async def test_async_sleeps_move_the_clock_too(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").timeline({"IN_PROGRESS": {"for": "3s"}})
    with fakefal.clock.patch_sleep():
        result = await fal_client.AsyncClient().subscribe("fal-ai/any-llm", {"prompt": "x"})
    assert result["output"] == "x"
