from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakefal.errors import FakefalError
from fakefal.scenario.files.loader import load_file
from fakefal.server.recording import RecordingConfig
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.building import exchange, scenario
from tests.recorder.proxied import recording


async def test_what_was_recorded_is_known_when_the_server_has_stopped(tmp_path: Path) -> None:
    async with recording(tmp_path / "a.yaml", scenario(exchange())) as both:
        await both.caller.run("acme/app", json={})
        assert both.recorder.recorded is None
    assert both.recorder.recorded is not None
    assert len(both.recorder.recorded.data["exchanges"]) == 1


async def test_secrets_of_the_environment_are_left_out(tmp_path: Path) -> None:
    upstream = scenario(exchange({"output": "my-own-secret-17"}))
    wish: dict[str, Any] = {
        "environment": {"APP_SECRET": "my-own-secret-17"},
        "patterns": ("acct_[0-9]+",),
    }
    async with recording(tmp_path / "a.yaml", upstream, **wish) as both:
        await both.caller.run("acme/app", json={"account": "acct_1234"})
    text = both.path.read_text(encoding="utf-8")
    assert "my-own-secret-17" not in text
    assert "acct_1234" not in text


def test_a_thread_ends_although_its_recording_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    fake = FakeFalServer()
    fake.record(RecordingConfig(tmp_path / "file" / "a.yaml"))
    server = ThreadedServer(fake)
    server.start()
    with pytest.raises(FakefalError, match="cannot be written"):
        server.stop()
    server.stop()


async def test_a_loaded_scenario_can_be_served(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("fakefal: 1\n")
    async with FakeFalServer(load_file(path)) as fake:
        assert [it.file for it in fake.engine.scenarios] == [str(path)]
