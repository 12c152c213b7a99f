"""Express with @fal-ai/server-proxy in front of the fake, and a browser's client behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.blackbox.driving import Seen, environment, once, run_driver
from tests.blackbox.installing import JS_FOLDER, node_with_clients

pytestmark = pytest.mark.blackbox

SCENARIO = Path(__file__).with_name("files.yaml")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    def make() -> dict[str, Seen]:
        with ThreadedServer(FakeFalServer(SCENARIO)) as fake:
            command = [node_with_clients(), str(JS_FOLDER / "proxied.mjs"), fake.url]
            found = run_driver(command, environment("proxy:key"))
            return {"proxied": Seen({**found, "base": fake.url}, [], {})}

    return once(tmp_path_factory, "proxied", make)["proxied"].flows


def test_a_subscription_goes_through_the_proxy(seen: Any) -> None:
    assert seen["subscribe"]["data"]["output"] == "Ship it today."
    assert len(seen["subscribe"]["requestId"]) == 36


def test_a_stream_goes_through_the_proxy(seen: Any) -> None:
    assert seen["stream"] == ["Ship", "Ship it", "Ship it today.", "Ship it today."]
    assert seen["done"]["partial"] is False


def test_an_upload_begins_at_the_proxy_and_goes_straight_to_the_fake(seen: Any) -> None:
    assert seen["upload"]["url"].startswith(f"{seen['base']}/v3b.fal.media/files/b/")
    assert seen["upload"]["text"] == "through"


def test_files_of_outputs_are_in_reach_of_the_browser(seen: Any) -> None:
    assert seen["picture"]["url"].startswith(f"{seen['base']}/v3b.fal.media/files/b/")
    assert seen["picture"]["status"] == 200


def test_the_proxy_refuses_what_it_always_refuses(seen: Any) -> None:
    assert seen["refused"] == {
        "noTarget": [400, "Invalid request"],
        "wrongTarget": [400, "Invalid request"],
        "tokens": [400, "Invalid request"],
    }
    assert seen["hosts"] == ["fal.run", "queue.fal.run", "rest.fal.ai"]
