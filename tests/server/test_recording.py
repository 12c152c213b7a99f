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
from tests.recorder.recording_proxy import recording


async def test_the_result_is_known_after_the_server_has_stopped(tmp_path: Path) -> None:
    async with recording(tmp_path / "a.yaml", scenario(exchange())) as both:
        await both.caller.run("acme/app", json={})
        assert both.recorder.recorded is None
    assert both.recorder.recorded is not None
    assert len(both.recorder.recorded.scenario["exchanges"]) == 1


async def test_secrets_of_the_environment_are_not_recorded(tmp_path: Path) -> None:
    upstream = scenario(exchange({"output": "my-own-secret-17"}))
    options: dict[str, Any] = {
        "secret_environment": {"APP_SECRET": "my-own-secret-17"},
        "redact_patterns": ("acct_[0-9]+",),
    }
    async with recording(tmp_path / "a.yaml", upstream, **options) as both:
        await both.caller.run("acme/app", json={"account": "acct_1234"})
    text = both.path.read_text(encoding="utf-8")
    assert "my-own-secret-17" not in text
    assert "acct_1234" not in text


def test_a_thread_ends_although_its_recording_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    fal_server = FakeFalServer()
    fal_server.record(RecordingConfig(tmp_path / "file" / "a.yaml"))
    server = ThreadedServer(fal_server)
    server.start()
    with pytest.raises(FakefalError, match="cannot be written"):
        server.stop()
    server.stop()


async def test_a_loaded_scenario_can_be_served(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("fakefal: 1\n")
    async with FakeFalServer(load_file(path)) as server:
        assert [loaded.file for loaded in server.engine.scenarios] == [str(path)]
