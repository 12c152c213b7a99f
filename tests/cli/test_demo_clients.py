from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import fal_client.client
import pytest

from fakefal.cli.commands.demo import ENDPOINT, SCENARIO
from fakefal.cli.demo_clients import CallFailed, Client, HttpClient, Update, open_client
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer

TEXT = "Ship it before the coffee gets cold."
LOGS = ["loading the model", "writing"]


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadedServer(FakeFalServer(SCENARIO, clock="instant", keep_alive=False)) as fake:
        yield fake.url


@pytest.fixture(params=["fal_client", "plain"])
def client(
    request: pytest.FixtureRequest, url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """Each client, with a proxy in the environment that it must bypass."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    if request.param == "plain":
        monkeypatch.setitem(sys.modules, "fal_client", None)
    with open_client(url) as client:
        assert isinstance(client, HttpClient) == (request.param == "plain")
        yield client


def test_a_queued_call_has_an_update_for_each_step(client: Client) -> None:
    updates = list(client.subscribe(ENDPOINT, {"prompt": "Write a tagline"}))
    assert [(update.status, update.position) for update in updates] == [
        ("IN_QUEUE", 2),
        ("IN_QUEUE", 0),
        ("IN_PROGRESS", None),
        ("IN_PROGRESS", None),
        ("COMPLETED", None),
        (None, None),
    ]
    assert [update.logs for update in updates][2:] == [LOGS, LOGS, LOGS, []]
    assert updates[-1].output["output"] == TEXT


def test_a_stream_yields_its_events(client: Client) -> None:
    events = list(client.stream(ENDPOINT, {"prompt": "Write a tagline"}))
    assert [event["partial"] for event in events] == [True] * 7 + [False]
    assert [events[0]["output"], events[-1]["output"]] == ["Ship", TEXT]


def test_a_direct_call_returns_its_output_or_raises(client: Client) -> None:
    with pytest.raises(CallFailed) as caught:
        client.run(ENDPOINT, {"prompt": "flaky"})
    assert (caught.value.status, caught.value.text) == (503, "Runner disconnected")
    assert client.run(ENDPOINT, {"prompt": "flaky"})["output"] == "Second time lucky."


def test_a_list_of_details_is_formatted_as_json(client: Client) -> None:
    with pytest.raises(CallFailed) as caught:
        client.run(ENDPOINT, {"model": "openai/gpt-4o"})
    assert caught.value.status == 422
    assert caught.value.text.startswith('[{"type": "missing", "loc": ["body", "prompt"], ')


def test_fal_client_is_restored_after_the_block(url: str) -> None:
    before = fal_client.client.RUN_URL_FORMAT, os.environ.get("NO_PROXY")
    with open_client(url) as client:
        assert client.name.startswith("fal_client")
        assert fal_client.client.RUN_URL_FORMAT.startswith(url)
    assert (fal_client.client.RUN_URL_FORMAT, os.environ.get("NO_PROXY")) == before


def test_an_update_is_empty_by_default() -> None:
    assert Update("IN_PROGRESS") == Update("IN_PROGRESS", None, [], None)


WITHOUT_FAL_CLIENT = """
import sys


class Hiding:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        hidden = name.partition(".")[0] in ("fal_client", "httpx")
        return None if hidden else self.finder.find_spec(name, path, target)


sys.meta_path = [Hiding(finder) for finder in sys.meta_path]
from fakefal.cli.demo_clients import open_client

with open_client(sys.argv[1]) as client:
    print(client.name)
    print(list(client.subscribe("fal-ai/any-llm", {"prompt": "Write a tagline"}))[-1].output)
"""


def test_without_fal_client_the_http_client_is_used(url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_FAL_CLIENT, url],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    name, output = done.stdout.splitlines()
    assert name == "urllib (fal_client is not installed)"
    assert TEXT in output
