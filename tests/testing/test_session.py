from __future__ import annotations

import threading

import fal_client
import httpx

from fakefal import FakeFal, FakeFalServer, ThreadedServer, running_fake
from fakefal.testing.session import running_factory


def test_a_fake_for_any_code() -> None:
    before = threading.active_count()
    with running_fake(clock="manual") as fake:
        fake.on("fal-ai/any-llm").text("Ship it.")
        assert fal_client.run("fal-ai/any-llm", {"prompt": "x"})["output"] == "Ship it."
        assert fake.clock.kind == "manual"
    assert threading.active_count() == before


def test_one_server_for_many_fakes() -> None:
    with running_factory() as factory:
        for text in ("one", "two"):
            with factory() as fake:
                fake.on().text(text)
                assert fal_client.run("fal-ai/any-llm", {"prompt": "x"})["output"] == text
                assert len(fake.calls) == 1


def test_a_server_without_any_redirection() -> None:
    server = ThreadedServer(FakeFalServer())
    with server as running:
        fake = FakeFal(server, "my:key")
        fake.on().text("here")
        url = f"{running.base_url('fal.run')}/fal-ai/any-llm"
        answer = httpx.post(url, json={"prompt": "x"}, headers={"Authorization": "Key my:key"})
        assert answer.json()["output"] == "here"
