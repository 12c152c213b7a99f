from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import fal_client
import fal_client.client as constants
import pytest

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from fakefal.testing.redirect.client_caches import clear_caches, reset_clients
from fakefal.testing.redirect.redirect import redirect
from tests.blackbox.conftest import FAL_SDK
from tests.blackbox.driving import environment
from tests.blackbox.installing import fal_sdk_python
from tests.building import exchange, scenario

ROOT = Path(__file__).parents[3]
URL = "http://127.0.0.1:1234"


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    """A patch of its own, undone before that of the test."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch
    reset_clients()


def urls(module: ModuleType = constants) -> dict[str, str]:
    """The constants of a module that hold URLs or hosts of fal."""
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, str) and name.isupper() and "://" in value
    }


def test_every_url_of_fal_client_leads_to_the_fake(patch: pytest.MonkeyPatch) -> None:
    before = urls()
    redirect(patch, URL, "a:b")
    assert urls() == {
        "RUN_URL_FORMAT": f"{URL}/fal.run/",
        "QUEUE_URL_FORMAT": f"{URL}/queue.fal.run/",
        "REALTIME_URL_FORMAT": "ws://127.0.0.1:1234/fal.run/",
        "REST_URL": f"{URL}/rest.fal.ai",
        "CDN_URL": f"{URL}/v3.fal.media",
    }
    patch.undo()
    assert urls() == before


def test_the_key_is_there_for_clients_that_are_made_later(patch: pytest.MonkeyPatch) -> None:
    before = os.environ.get("FAL_KEY")
    redirect(patch, URL, "a:b")
    assert os.environ["FAL_KEY"] == "a:b"
    patch.undo()
    assert os.environ.get("FAL_KEY") == before


def test_no_proxy_stands_between_and_those_of_the_user_stay(
    patch: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "internal.example")
    monkeypatch.delenv("no_proxy", raising=False)
    redirect(patch, URL, "a:b")
    assert os.environ["NO_PROXY"] == "127.0.0.1,internal.example"
    assert os.environ["no_proxy"] == "127.0.0.1"
    patch.undo()
    assert os.environ["NO_PROXY"] == "internal.example"
    assert "no_proxy" not in os.environ


def test_calls_bypass_a_proxy(patch: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with ThreadedServer(FakeFalServer(scenario(exchange()), keep_alive=False)) as fake:
        redirect(patch, fake.url, "a:b")
        assert fal_client.run("fal-ai/any-llm", {"prompt": "x"})["output"] == "Ship it."
        reset_clients()


def test_module_level_clients_lose_their_caches() -> None:
    caches = [vars(fal_client.sync_client), vars(fal_client.async_client)]
    for cache in caches:
        cache.update(_token_manager="old", other="stays")
    clear_caches(fal_client)
    for cache in caches:
        assert cache.pop("other") == "stays"
        assert "_token_manager" not in cache


def test_a_cached_connection_is_closed(patch: pytest.MonkeyPatch) -> None:
    redirect(patch, URL, "a:b")
    client = fal_client.sync_client._client
    assert fal_client.sync_client._client is client
    reset_clients()
    assert client.is_closed
    redirect(patch, URL, "c:d")
    assert fal_client.sync_client._client is not client


def test_clearing_empty_caches_is_a_no_op() -> None:
    clear_caches(ModuleType("fal_client"))
    reset_clients()
    reset_clients()


def test_without_fal_client_the_environment_is_all_that_changes(
    patch: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fal_client", None)
    monkeypatch.delitem(sys.modules, "fal_client.client")
    before = urls()
    redirect(patch, URL, "a:b")
    assert urls() == before
    assert os.environ["FAL_KEY"] == "a:b"
    reset_clients()


FAL_APPS = """
import json
import sys

import fal.apps
import pytest

from fakefal.testing.redirect.redirect import redirect

with pytest.MonkeyPatch.context() as patch:
    redirect(patch, sys.argv[1], "fal-apps:key")
    print(fal.apps.run("fal-ai/any-llm", {"prompt": "x"})["output"])
    print(fal.apps.submit("fal-ai/any-llm", {"prompt": "x"}).get()["output"])
    (body,) = fal.apps.stream("fal-ai/any-llm", {"prompt": "x"}, path="")
    print(json.loads(body)["output"])
print(fal.apps._QUEUE_URL_FORMAT)
"""


@pytest.mark.blackbox
def test_the_fal_sdk_is_redirected_when_it_is_imported() -> None:
    homes = [str(ROOT), str(Path(pytest.__file__).parents[1])]
    with ThreadedServer(FakeFalServer(scenario(exchange()), clock="instant")) as fake:
        done = subprocess.run(
            [fal_sdk_python(FAL_SDK), "-c", FAL_APPS, fake.url],
            capture_output=True,
            encoding="utf-8",
            check=False,
            env=environment("other:key", PYTHONPATH=os.pathsep.join(homes)),
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["Ship it."] * 3 + ["https://queue.fal.run/{app_id}"]
