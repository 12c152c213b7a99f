"""Which names of which modules use the clock of a test, in the published clients."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import fal_client
import fal_client.client
import pytest

from fakefal import FakeFal, running_fake
from tests.blackbox.conftest import FAL_SDK
from tests.blackbox.driving import environment
from tests.blackbox.installing import fal_client_folder, fal_sdk_python
from tests.testing.conftest import RunTests

ROOT = Path(__file__).parents[3]
module: Any = fal_client.client
CALL = ("fal-ai/any-llm", {"prompt": "x"})
NEW_YEAR = "2026-01-01T00:00:"


def test_sleeps_of_the_user_are_not_changed(fakefal: FakeFal) -> None:
    before = fakefal.clock.now
    assert module.time.sleep is not time.sleep
    assert module.asyncio.sleep is not asyncio.sleep
    time.sleep(0)
    assert fakefal.clock.now == before
    assert module.time.time() == before
    assert time.time() != before


def test_the_modules_are_restored() -> None:
    before = (module.time, module.asyncio, module.EXECUTOR)
    with running_fake():
        assert module.time is not before[0]
        assert module.time.strftime is time.strftime
    assert (module.time, module.asyncio, module.EXECUTOR) == before
    assert before[0] is time


@pytest.mark.fakefal(client_sleeps="real")
def test_real_sleeps_do_not_move_the_clock(
    fakefal: FakeFal, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    fakefal.on("fal-ai/any-llm").text("x")
    fal_client.subscribe(*CALL)
    assert slept == [0.1, 0.1]
    assert fakefal.clock.iso == "2026-01-01T00:00:00.000000Z"


@pytest.mark.parametrize("target", ["time.sleep", "fal_client.client.time.sleep"])
def test_a_sleep_that_the_test_has_patched_goes_first(
    fakefal: FakeFal, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(target, slept.append)
    fakefal.on("fal-ai/any-llm").text("x")
    fal_client.subscribe(*CALL)
    assert slept == [0.1, 0.1]


def test_a_nested_fake_has_its_own_time(fakefal: FakeFal) -> None:
    with running_fake(unused="ignore", uncollected="ignore") as inner:
        inner.on("fal-ai/any-llm").text("x")
        fal_client.subscribe(*CALL)
        assert inner.clock.iso.startswith(f"{NEW_YEAR}00.2")
    assert fakefal.clock.iso == f"{NEW_YEAR}00.000000Z"


@pytest.mark.blackbox
@pytest.mark.parametrize("version", ["0.5.9", "0.9.1", "0.13.2"])
def test_older_clients_use_the_clock(
    run_tests: RunTests, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    path = os.pathsep.join((fal_client_folder(version), os.environ.get("PYTHONPATH", "")))
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setenv("VERSION", version)
    result = run_tests(
        """
        import os

        import fal_client
        import pytest

        CALL = ("fal-ai/any-llm", {"prompt": "x"})
        HAS_TIMEOUT = os.environ["VERSION"] == "0.13.2"

        def test_polls(fakefal):
            fakefal.on("fal-ai/any-llm").text("x").timeline({"IN_PROGRESS": {"polls": 300}})
            assert fal_client.subscribe(*CALL)["output"] == "x"
            assert fakefal.clock.iso == "2026-01-01T00:00:30.000000Z"

        async def test_async_polls(fakefal):
            fakefal.on("fal-ai/any-llm").text("x").timeline({"IN_PROGRESS": {"polls": 300}})
            assert (await fal_client.subscribe_async(*CALL))["output"] == "x"
            assert fakefal.clock.iso == "2026-01-01T00:00:30.000000Z"

        @pytest.mark.skipif(not HAS_TIMEOUT, reason="has no client_timeout")
        def test_a_timeout(fakefal):
            fakefal.on("fal-ai/any-llm").text("x").preset("stuck-in-queue")
            with pytest.raises(fal_client.client.FalClientTimeoutError):
                fal_client.subscribe(*CALL, client_timeout=120)
            fakefal.assert_cancelled()

        @pytest.mark.skipif(not HAS_TIMEOUT, reason="has no client_timeout")
        async def test_an_async_timeout(fakefal):
            fakefal.on("fal-ai/any-llm").text("x").preset("stuck-in-queue")
            with pytest.raises(fal_client.client.FalClientTimeoutError):
                await fal_client.subscribe_async(*CALL, client_timeout=120)
            fakefal.assert_cancelled()
        """
    )
    has_timeout = version == "0.13.2"
    result.assert_outcomes(passed=4 if has_timeout else 2, skipped=0 if has_timeout else 2)


OTHERS = """
from types import SimpleNamespace

from fakefal.testing.session import running_fake

with running_fake(uncollected="ignore") as fake:
    import fal.apps
    from huggingface_hub.inference._providers.fal_ai import FalAITextToVideoTask

    fake.on("fal-ai/any-llm").text("x").timeline({"IN_PROGRESS": {"polls": 100}})
    job = fal.apps.submit("fal-ai/any-llm", {"prompt": "x"})
    print(job.get()["output"], fake.clock.iso)
    job = fal.apps.submit("fal-ai/any-llm", {"prompt": "x"})
    url = f"https://queue.fal.run/fal-ai/any-llm/requests/{job.request_id}"
    parameters = SimpleNamespace(url=url, headers={"Authorization": f"Key {fake.key}"})
    submitted = {"request_id": job.request_id, "response_url": url, "status": "IN_QUEUE"}
    output = FalAITextToVideoTask.__mro__[1].get_response(None, submitted, parameters)
    print(output["output"], fake.clock.iso)
"""


@pytest.mark.blackbox
def test_the_fal_sdk_and_huggingface_hub_use_the_clock() -> None:
    homes = [str(ROOT), str(Path(pytest.__file__).parents[1])]
    done = subprocess.run(
        [fal_sdk_python(FAL_SDK), "-c", OTHERS],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env=environment("other:key", PYTHONPATH=os.pathsep.join(homes)),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "x 2026-01-01T00:00:20.000000Z",
        "x 2026-01-01T00:01:10.500000Z",
    ]
