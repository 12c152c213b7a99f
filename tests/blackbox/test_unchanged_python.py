"""Python clients under ``fakefal run``: nothing in their code or configuration knows of a fake."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.conftest import FAL_SDK
from tests.blackbox.driving import DRIVERS
from tests.blackbox.installing import (
    fal_command,
    fal_sdk_python,
    missing,
    older_websockets,
    package_folder,
)
from tests.run_command import RunOutput, run

pytestmark = pytest.mark.blackbox

SCENARIO = Path(__file__).with_name("unchanged.yaml")
DRIVER = DRIVERS / "unchanged.py"
WORDS = ["Ship", "Ship it.", "Ship it."]


def report_of(ran: RunOutput) -> dict[str, Any]:
    """What a client said; it ended well, and nobody tried to reach the real fal."""
    assert ran.code == 0, ran.err
    assert ran.report["misses"] == ran.report["escapes"] == []
    found: dict[str, Any] = json.loads(ran.out)
    return found


def use(python: str, client: str, **env: str) -> dict[str, Any]:
    options = (SCENARIO, "--clock", "instant", "--strict")
    return report_of(run(python, DRIVER, client, options=options, env=env))


def test_fal_client_sync() -> None:
    seen = use(sys.executable, "fal_client_sync")
    assert seen["run"] == seen["subscribe"] == "Ship it."
    assert seen["stream"] == WORDS
    assert seen["status_url"].startswith("https://queue.fal.run/fal-ai/any-llm/requests/")
    assert seen["upload"].startswith("https://v3.fal.media/")
    assert seen["read"] == "some bytes"
    assert seen["realtime"] == {"said": "hi"}


def test_fal_client_async() -> None:
    seen = use(sys.executable, "fal_client_async")
    assert seen["run"] == seen["subscribe"] == "Ship it."
    assert seen["stream"] == WORDS
    assert seen["upload"].startswith("https://v3.fal.media/")
    assert seen["realtime"] == {"said": "hi"}


@pytest.mark.parametrize("client", ["fal_client_sync", "fal_client_async"])
def test_realtime_where_websockets_knows_no_proxy(client: str) -> None:
    seen = use(sys.executable, client, PYTHONPATH=older_websockets("14.2"))
    assert seen["realtime"] == {"said": "hi"}


def test_the_fal_command() -> None:
    command = (fal_command(FAL_SDK), "api", "fal-ai/any-llm/stream", "prompt=hello")
    ran = run(*command, options=(SCENARIO, "--clock", "instant", "--strict"))
    assert ran.code == 0, ran.err
    events = [json.loads(line[6:]) for line in ran.out.splitlines() if line.startswith("data: ")]
    assert [event["output"] for event in events] == WORDS


def test_requests() -> None:
    seen = use(fal_sdk_python(FAL_SDK), "requests")
    assert seen == {"run": "Ship it.", "url": "https://fal.run/fal-ai/any-llm"}


@pytest.mark.parametrize("newest", ["", "1.110.2"])
def test_litellm(newest: str) -> None:
    """The pinned version, and the newest of November 2026."""
    env = {"PYTHONPATH": package_folder("litellm", newest)} if newest else {}
    seen = use(fal_sdk_python(FAL_SDK), "litellm", **env)
    assert seen["image"].startswith("https://v3b.fal.media/files/")


@pytest.mark.parametrize("newest", ["", "2.4.0"])
def test_huggingface_hub(newest: str) -> None:
    """The pinned version, and the newest of November 2026."""
    env = {}
    if newest:
        env["PYTHONPATH"] = package_folder("huggingface_hub", newest, is_locked=False)
    seen = use(fal_sdk_python(FAL_SDK), "huggingface_hub", **env)
    assert seen == {"speech": "RIFF", "film": "ftyp"}


def test_curl() -> None:
    curl = shutil.which("curl") or missing("curl is not installed")
    body = ("-d", '{"prompt": "hello"}', "-H", "Authorization: Key any:key")
    command = (curl, "-sS", "https://fal.run/fal-ai/any-llm", *body)
    ran = run(*command, options=(SCENARIO, "--strict"))
    assert report_of(ran)["output"] == "Ship it."
