"""freezegun and time-machine: certificates, timeouts and waits go by the real time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.beside.running import run_beside

FROZEN = """
import asyncio
import subprocess
import sys

import fal_client
import freezegun
import pytest
import time_machine

CALL = ("fal-ai/any-llm", {"prompt": "x"})
PROGRAM = "import fal_client; print(fal_client.run('fal-ai/any-llm', {'prompt': 'x'})['output'])"
FREEZES = {
    "freezegun": lambda: freezegun.freeze_time("2020-01-01"),
    "freezegun-future": lambda: freezegun.freeze_time("2099-01-01"),
    "freezegun-tick": lambda: freezegun.freeze_time("2020-01-01", tick=True),
    "time-machine": lambda: time_machine.travel("2020-01-01"),
    "time-machine-future": lambda: time_machine.travel("2099-01-01", tick=False),
}

@pytest.fixture(params=FREEZES)
def frozen(request):
    with FREEZES[request.param]():
        yield

def told_by_a_program():
    child = [sys.executable, "-c", PROGRAM]
    return subprocess.run(child, capture_output=True, text=True, timeout=15).stdout

def test_receiver(fakefal, fakefal_receiver, frozen):
    fakefal.on().text("ok")
    fal_client.submit(*CALL, webhook_url=fakefal_receiver.secure_url)
    fakefal.webhooks.wait(1, timeout=5)
    (arrival,) = fakefal_receiver.verified

@pytest.mark.parametrize("frozen", ["freezegun", "time-machine"], indirect=True)
def test_program(fakefal, frozen):
    fakefal.on().text("ok")
    assert told_by_a_program() == "ok\\n"

def test_frozen_before_the_fake(frozen, fakefal):
    fakefal.on().text("ok").timeline("IN_QUEUE", {"IN_PROGRESS": {"for": "20s"}})
    assert fal_client.subscribe(*CALL)["output"] == "ok"
    assert asyncio.run(fal_client.subscribe_async(*CALL))["output"] == "ok"

@pytest.mark.fakefal(clock="manual")
def test_an_async_client_on_a_manual_clock(fakefal, frozen):
    fakefal.on().text("ok").timeline({"IN_PROGRESS": {"for": "20s"}})
    async def main():
        waiting = asyncio.ensure_future(fal_client.subscribe_async(*CALL))
        while not fakefal.polls:
            await asyncio.sleep(0)
        fakefal.clock.advance("20s")
        return await waiting
    assert asyncio.run(main())["output"] == "ok"

@pytest.mark.fakefal(clock="real")
def test_a_real_clock_goes_on(fakefal, frozen):
    fakefal.on().text("ok").stream("o", "k", every="50ms")
    before = fakefal.clock.now
    assert [it["output"] for it in fal_client.stream(*CALL)][-1] == "ok"
    assert 0.04 < fakefal.clock.now - before < 60

def test_a_wait_that_nothing_ends(fakefal, frozen):
    with pytest.raises(Exception, match="webhook"):
        fakefal.webhooks.wait(1, timeout=0.2)

def test_bare(fakefal, fakefal_receiver):
    fakefal.on().text("ok")
    assert told_by_a_program() == "ok\\n"
    fal_client.submit(*CALL, webhook_url=fakefal_receiver.secure_url)
    fakefal.webhooks.wait(1, timeout=5)
"""
NO_UVLOOP = "import sys\nsys.modules['uvloop'] = None\n"


@pytest.mark.slow
def test_nothing_follows_a_frozen_clock(tmp_path: Path) -> None:
    # On asyncio's loop, whose timers use time.monotonic; those of uvloop never did.
    ended = run_beside(tmp_path, NO_UVLOOP + FROZEN, env={"FAKEFAL_HOME": str(tmp_path / "home")})
    assert "28 passed" in ended.text, ended.text
    assert ended.code == 0
