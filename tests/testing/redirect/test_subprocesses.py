"""Programs that a test starts reach its fake, whatever starts them."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import subprocess
import sys
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import pytest
import uvloop

from fakefal import FakeFal
from fakefal.testing.factory import Factory

CODE = "import fal_client; print(fal_client.run('fal-ai/any-llm', {'prompt': 'x'})['output'])"
PYTHON = [sys.executable, "-c", CODE]


@pytest.fixture
def fake(fakefal: FakeFal) -> FakeFal:
    fakefal.on("fal-ai/any-llm").text("Ship it.")
    return fakefal


def output(*command: str, env: Any = None) -> str:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, env=env)
    return done.stdout.strip()


def test_subprocesses_with_and_without_an_environment(fake: FakeFal) -> None:
    before = dict(os.environ)
    assert output(*PYTHON) == "Ship it."
    assert output(*PYTHON, env={"PATH": os.environ["PATH"], "HTTPS_PROXY": "x"}) == "Ship it."
    assert dict(os.environ) == before
    assert len(fake.calls) == 2


def run_async(runner: Any) -> str:
    async def main() -> bytes:
        child = await asyncio.create_subprocess_exec(*PYTHON, stdout=subprocess.PIPE)
        return (await child.communicate())[0]

    printed: bytes = runner(main())
    return printed.decode().strip()


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_subprocesses_of_a_loop(fake: FakeFal, runner: Any) -> None:
    assert run_async(runner) == "Ship it."


def test_os_system(fake: FakeFal, tmp_path: Path) -> None:
    before = dict(os.environ)
    assert os.system(f'"{sys.executable}" -c "{CODE}" > "{tmp_path}/out"') == 0
    assert (tmp_path / "out").read_text() == "Ship it.\n"
    assert dict(os.environ) == before


def say(queue: Any) -> None:
    import fal_client

    queue.put(fal_client.run("fal-ai/any-llm", {"prompt": "x"})["output"])


def test_processes_that_are_spawned(fake: FakeFal, request: pytest.FixtureRequest) -> None:
    # The spawn method starts a tracker process, which would live until the end of the test run.
    tracker: Any = resource_tracker._resource_tracker
    request.addfinalizer(tracker._stop)
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    process = context.Process(target=say, args=(queue,))
    process.start()
    assert queue.get() == "Ship it."
    process.join()
    assert process.exitcode == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there")
def test_other_programs(fake: FakeFal) -> None:
    printed = output(
        *("curl", "-s", "-H", "Authorization: Key a:b", "-d", '{"prompt": "x"}'),
        "https://fal.run/fal-ai/any-llm",
    )
    assert '"Ship it."' in printed


def test_escapes_of_a_program_are_reported(fakefal: FakeFal, fakefal_factory: Factory) -> None:
    code = "import socket; socket.create_connection(('foo.fal.run', 443))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode
    report = fakefal_factory.redirection.pop_escapes()
    assert report.startswith("connections of the test's child processes to the real fal blocked:")
    assert "foo.fal.run:443" in report
    assert fakefal_factory.redirection.pop_escapes() == ""


def test_an_environment_for_other_programs(
    fakefal: FakeFal, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = fakefal.environment()
    assert env["HTTPS_PROXY"] == fakefal.url
    assert env["FAL_KEY"] == fakefal.key
    assert "fal.run" not in env["NO_PROXY"]
    assert fakefal.environment({"FAL_KEY": "my:own"})["FAL_KEY"] == "my:own"
