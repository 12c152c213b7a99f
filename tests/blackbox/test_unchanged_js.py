"""Node clients under ``fakefal run``: nothing in their code or configuration knows of a fake."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.blackbox.installing import JS_FOLDER, node_22, node_with_clients
from tests.blackbox.test_unchanged_python import SCENARIO, WORDS, report_of
from tests.run_command import run

pytestmark = pytest.mark.blackbox


def use(client: str, *options: str, node: str = "") -> dict[str, Any]:
    script = str(JS_FOLDER / "unchanged.mjs")
    command = (node or node_with_clients(), *options, script, client)
    return report_of(run(*command, options=(SCENARIO, "--clock", "instant", "--strict")))


def websocket_option() -> list[str]:
    """Node before 22 has its WebSocket behind an option."""
    version = subprocess.run(
        [node_with_clients(), "--version"], capture_output=True, text=True, check=True
    )
    is_old = int(version.stdout.lstrip("v").split(".")[0]) < 22
    return ["--experimental-websocket"] if is_old else []


@pytest.mark.parametrize("is_newer", [False, True], ids=["installed", "22"])
def test_fal_ai_client(is_newer: bool) -> None:
    node_with_clients()
    options, node = ([], node_22()) if is_newer else (websocket_option(), "")
    seen = use("fal-ai", *options, node=node)
    assert seen["subscribe"] == "Ship it."
    assert seen["stream"] == WORDS
    assert seen["upload"].startswith("https://v3b.fal.media/")
    assert seen["read"] == [True, "some bytes"]
    assert seen["realtime"] == {"said": "hi"}


def test_the_ai_sdk_and_its_downloads() -> None:
    assert use("ai-sdk") == {"image": ["image/png", True], "video": ["video/mp4", True]}


def test_tanstack_ai() -> None:
    assert use("tanstack")["image"].startswith("https://v3b.fal.media/files/")


def test_what_other_clients_are_built_on() -> None:
    assert use("transports") == {
        "request": "Ship it.",
        "pieces": ["https://fal.run/fal-ai/any-llm", "Ship it."],
        "aborted": "AbortError",
        "https": ["https:", "fal.run", "Ship it."],
        "axios": True,
        "undici": ["Ship it."] * 3,
        "mocked": 299,
    }


def test_a_worker_thread() -> None:
    assert use("worker") == {"worker": "Ship it."}
