"""gevent and eventlet with everything patched, with and without uvloop."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.beside.running import run_beside

TESTS = """
import threading

import fal_client
import pytest

CALL = ("fal-ai/any-llm", {"prompt": "x"})

def test_run_and_stream(fakefal):
    fakefal.on().text("ok").timeline("IN_QUEUE", {"IN_PROGRESS": {"for": "20s"}})
    assert fal_client.run(*CALL)["output"] == "ok"
    assert fal_client.subscribe(*CALL)["output"] == "ok"
    assert list(fal_client.stream(*CALL))[-1]["output"] == "ok"

@pytest.mark.parametrize("number", range(3))
def test_webhook(fakefal, fakefal_receiver, number):
    fakefal.on().text("ok")
    fal_client.submit(*CALL, webhook_url=fakefal_receiver.url)
    fakefal.webhooks.wait(1)
    assert fakefal_receiver.verified

def test_a_wait_that_nothing_ends(fakefal):
    with pytest.raises(Exception, match="webhook"):
        fakefal.webhooks.wait(1, timeout=0.2)

def test_threads(fakefal):
    fakefal.on().text("ok")
    outputs = []
    run = lambda: outputs.append(fal_client.run(*CALL)["output"])
    threads = [threading.Thread(target=run) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert outputs == ["ok"] * 4
"""
GEVENT = "from gevent import monkey\nmonkey.patch_all()\n"
EVENTLET = """
import sys
sys.modules["trio"] = None  # trio itself cannot be imported under eventlet
import eventlet
eventlet.monkey_patch()
"""


@pytest.mark.slow
@pytest.mark.parametrize("start", [GEVENT, EVENTLET], ids=["gevent", "eventlet"])
def test_a_fake_beside_greenlets(tmp_path: Path, start: str) -> None:
    ended = run_beside(tmp_path, start + TESTS)
    assert "6 passed" in ended.text, ended.text
    assert ended.code == 0
