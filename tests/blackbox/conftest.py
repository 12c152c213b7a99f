"""The fake that all clients of this folder talk to, and what each of them saw."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.blackbox.driving import DRIVERS, Seen, environment, once, run_driver, seen_by
from tests.blackbox.installing import (
    JS_FOLDER,
    fal_client_folder,
    fal_sdk_python,
    node_with_clients,
)

FAL_CLIENTS = ("1.0.3", "0.13.2", "0.9.1", "0.5.9")
FAL_SDK = "1.83.0"
SCENARIO = Path(__file__).with_name("conversations.yaml")


@dataclass(frozen=True)
class PythonClient:
    """One version of fal_client in one of its two faces, and what it saw."""

    version: tuple[int, ...]
    mode: str
    seen: Seen

    def __getitem__(self, run_driver: str) -> Any:
        return self.seen[run_driver]


@pytest.fixture(scope="session")
def server() -> Iterator[ThreadedServer]:
    server = ThreadedServer(FakeFalServer(SCENARIO))
    with server:
        yield server


@pytest.fixture(scope="session")
def hurried_server() -> Iterator[ThreadedServer]:
    """One whose clock waits for nobody."""
    server = ThreadedServer(FakeFalServer(SCENARIO, clock="instant"))
    with server:
        yield server


@pytest.fixture(
    scope="session",
    params=[(version, mode) for version in FAL_CLIENTS for mode in ("sync", "async")],
    ids="-".join,
)
def client(
    request: pytest.FixtureRequest,
    server: ThreadedServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> PythonClient:
    """Every fal_client, sync and async."""
    version, mode = request.param
    key = f"fal_client-{version}-{mode}"

    def make() -> dict[str, Seen]:
        env = environment(key, PYTHONPATH=fal_client_folder(version))
        driver = str(DRIVERS / "python_client.py")
        flows = run_driver([sys.executable, driver, server.server.url, mode, f"other-{key}"], env)
        return {key: seen_by(server, key, flows)}

    numbers = tuple(int(part) for part in version.split("."))
    return PythonClient(numbers, mode, once(tmp_path_factory, key, make)[key])


@pytest.fixture(scope="session")
def sdk(hurried_server: ThreadedServer, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """``fal.apps`` of the fal SDK, which takes no key without a colon."""
    key = "fal-sdk:secret"

    def make() -> dict[str, Seen]:
        command = [fal_sdk_python(FAL_SDK), str(DRIVERS / "fal_sdk.py"), hurried_server.server.url]
        return {key: seen_by(hurried_server, key, run_driver(command, environment(key)))}

    return once(tmp_path_factory, "fal-sdk", make)[key]


@pytest.fixture(scope="session", params=["proxyUrl", "requestMiddleware", "fetch"])
def js(
    request: pytest.FixtureRequest,
    server: ThreadedServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Seen:
    """@fal-ai/client, pointed at the fake in each way that its configuration has."""

    def make() -> dict[str, Seen]:
        command = [node_with_clients(), str(JS_FOLDER / "fal_client.mjs"), server.server.url, "js"]
        flows = run_driver(command, environment("not used"))
        return {way: seen_by(server, f"js-{way}", of_way) for way, of_way in flows.items()}

    way: str = request.param
    return once(tmp_path_factory, "js", make)[way]
