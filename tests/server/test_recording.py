from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fakefal.errors import FakefalError
from fakefal.scenario.files.loader import load_file
from fakefal.server.recording import RecordingConfig
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.building import exchange, scenario
from tests.callers import Caller, running_caller
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


def test_a_recording_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FakefalError, match="cannot be written"):
        FakeFalServer().record(RecordingConfig(tmp_path / "file" / "a.yaml"))


async def test_a_second_recorder_of_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    first, second = FakeFalServer(), FakeFalServer()
    first.record(RecordingConfig(path))
    second.record(RecordingConfig(path))
    async with first:
        with pytest.raises(FakefalError, match="is being recorded by another process"):
            await second.start()
        with pytest.raises(FakefalError, match="is being recorded by another process"):
            await first.start()
        assert not path.exists()


async def test_a_disk_that_is_full_later_is_told_at_once_and_costs_no_further_call(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "folder"
    told: list[str] = []
    server = FakeFalServer()
    async with running_caller(scenario(exchange({"output": 1}))) as upstream:
        config = RecordingConfig(folder / "a.yaml", upstream.server.url, on_write_error=told.append)
        server.record(config)
        await server.start()
        async with aiohttp.ClientSession() as session:
            caller = Caller(session, server)
            assert (await caller.run("acme/app", json={"n": 1})).status == 200
            before = (folder / "a.yaml").read_bytes()
            folder.rename(tmp_path / "moved")
            folder.write_text("a file, in which none can be written")
            assert (await caller.run("acme/app", json={"n": 2})).status == 200  # it is paid for
            assert len(told) == 1
            assert "a.yaml cannot be written" in told[0]
            refused = await caller.run("acme/app", json={"n": 3})
            assert refused.status == 507
            assert "it is not sent to fal" in refused.json["detail"]
        with pytest.raises(FakefalError, match="cannot be written"):
            await server.stop()
        assert len(upstream.server.engine.tenants[0].journal) == 2
    assert (tmp_path / "moved" / "a.yaml").read_bytes() == before


def test_a_thread_ends_although_its_recording_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    fal_server = FakeFalServer()
    fal_server.record(RecordingConfig(folder / "a.yaml", "http://127.0.0.1:9"))
    server = ThreadedServer(fal_server)
    server.start()
    request = urllib.request.Request(f"{fal_server.url}/fal.run/acme/app", b"{}")
    with pytest.raises(urllib.error.HTTPError, match="502"):
        urllib.request.urlopen(request)
    folder.rename(tmp_path / "moved")
    folder.write_text("a file, in which none can be written")
    with pytest.raises(FakefalError, match="cannot be written"):
        server.stop()
    server.stop()


async def test_a_loaded_scenario_can_be_served(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("fakefal: 1\n")
    async with FakeFalServer(load_file(path)) as server:
        assert [loaded.file for loaded in server.engine.scenarios] == [str(path)]
