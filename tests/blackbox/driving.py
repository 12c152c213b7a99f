"""Runs a client in a process of its own, and gives what it saw and what the fake saw of it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.blackbox.installing import locked

DRIVERS = Path(__file__).parent / "drivers"

_NOT_INHERITED = ("FAL_", "PYTHON", "NODE_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_DEAD_END = "http://127.0.0.1:9"
"""Where requests go that try to leave for https: nobody listens on the discard port."""
_DRIVER_SECONDS = 60


@dataclass(frozen=True)
class Seen:
    """What the conversations of one client came to, by name; and its journal and jobs.

    ``jobs`` are the states of the jobs by request id, after the client has gone.
    """

    flows: dict[str, Any]
    journal: list[dict[str, Any]]
    jobs: dict[str, str]

    def __getitem__(self, run_driver: str) -> Any:
        found = self.flows[run_driver]
        if "crashed" in found:
            pytest.fail(f"the client failed in {run_driver}:\n{found['crashed']}", pytrace=False)
        return found


def environment(key: str, **more: str) -> dict[str, str]:
    """The environment of a client: nothing of ours that moves it, and no way to the real fal."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_NOT_INHERITED)
    }
    return {
        **kept,
        "FAL_KEY": key,
        "HTTPS_PROXY": _DEAD_END,
        "NO_PROXY": "127.0.0.1",
        **more,
    }


def run_driver(command: list[str], env: dict[str, str]) -> dict[str, Any]:
    """Run a driver to its end; its one JSON document."""
    done = subprocess.run(
        command,
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=_DRIVER_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f"{command[1]} ended with {done.returncode}:\n{done.stderr}", pytrace=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def seen_by(server: ThreadedServer, key: str, flows: dict[str, Any]) -> Seen:
    """What a client saw, with what the fake kept under its key."""

    def look(fake: FakeFalServer) -> Seen:
        controls = fake.controls(key)
        jobs = {job["request_id"]: job["state"] for job in controls.jobs()}
        return Seen(flows, controls.journal(), jobs)

    return server.call(lambda: look(server.server))


def once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[], dict[str, Seen]]
) -> dict[str, Seen]:
    """Hold conversations once a run, however many workers of pytest-xdist want to know of them."""
    found = once_json(factory, name, lambda: {key: asdict(seen) for key, seen in make().items()})
    return {key: Seen(**seen) for key, seen in found.items()}


def once_json(factory: pytest.TempPathFactory, name: str, make: Callable[[], Any]) -> Any:
    """Make JSON once a run, however many workers of pytest-xdist want it."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    kept = folder / f"{name}.json"
    with locked(folder / f"{name}.lock"):
        if not kept.exists():
            kept.write_text(json.dumps(make()), encoding="utf-8")
        return json.loads(kept.read_text(encoding="utf-8"))
