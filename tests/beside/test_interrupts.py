"""Waits that a timeout plugin or Ctrl-C interrupts end without noise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.beside.running import run_beside

TESTS = """
import os
import signal
import threading

import fal_client
import pytest

CALL = ("fal-ai/any-llm", {"prompt": "x"})

def test_imports_take_their_time(fakefal, fakefal_receiver):
    fakefal.on().text("ok")
    fal_client.submit(*CALL, webhook_url=fakefal_receiver.url)
    fakefal.webhooks.wait(1)

@pytest.mark.fakefal(clock="real")
@pytest.mark.timeout(1, func_only=True)
def test_a_wait_for_a_webhook(fakefal, fakefal_receiver):
    fakefal.on().text("ok")
    fakefal_receiver.respond_with("hang")
    fal_client.submit(*CALL, webhook_url=fakefal_receiver.url)
    fakefal.webhooks.wait_idle(timeout=60)

@pytest.mark.timeout(1, func_only=True)
def test_a_function_that_blocks(fakefal):
    fakefal.on().reply(lambda call: threading.Event().wait(2) or {"output": "x"})
    fal_client.run(*CALL)

def test_bare(fakefal):
    fakefal.on().text("ok")
    assert fal_client.run(*CALL)["output"] == "ok"

@pytest.mark.fakefal(clock="real")
def test_ctrl_c(fakefal, fakefal_receiver):
    fakefal.on().text("ok")
    fakefal_receiver.respond_with("hang")
    fal_client.submit(*CALL, webhook_url=fakefal_receiver.url)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    fakefal.webhooks.wait_idle(timeout=60)
"""
NO_UVLOOP = "import sys\nsys.modules['uvloop'] = None\n"


@pytest.mark.slow
@pytest.mark.parametrize("start", ["", NO_UVLOOP], ids=["uvloop", "asyncio"])
def test_interrupted_waits_end_without_noise(tmp_path: Path, start: str) -> None:
    ended = run_beside(tmp_path, start + TESTS, "-p", "pytest_timeout", "-p", "no:unraisable")
    assert "2 failed, 2 passed, 1 warning in" in ended.text, ended.text
    assert "KeyboardInterrupt" in ended.text
    for noise in ("was destroyed", "loop is closed", "never awaited", "Exception in thread"):
        assert noise not in ended.text, ended.text
