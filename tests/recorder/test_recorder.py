from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakefal.errors import FakefalError
from fakefal.recorder.distil.completeness import UNSIGNED
from fakefal.recorder.output.ownership import sign
from fakefal.scenario.files.loader import load_file
from tests.building import exchange, scenario
from tests.callers import KEY, running_caller
from tests.recorder.recording_proxy import recording

WHEN = "at: '2026-01-01T00:00:00Z', source: x"
OLD = """# kept by hand
fakefal: 1
exchanges:
  - id: old
    when: {endpoint: acme/app, input: {prompt: known}}
    reply: {output: old}
"""


async def test_a_finished_exchange_is_on_disk_before_its_response_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    async with recording(path, scenario(exchange())) as setup:
        for number in range(3):
            await setup.caller.run("acme/app", json={"n": number})
            assert len(load_file(path).exchanges) == number + 1
        id_ = await setup.caller.submit("acme/app", json={"n": 9})
        assert len(load_file(path).exchanges) == 3
        for _ in range(3):
            await setup.caller.request("GET", f"/acme/app/requests/{id_}/status")
        await setup.caller.request("GET", f"/acme/app/requests/{id_}")
        assert len(load_file(path).exchanges) == 4
        header = load_file(path).scenario.recorded
        assert header is not None
        assert not header.complete
    header = load_file(path).scenario.recorded
    assert header is not None
    assert header.complete
    assert KEY.split(":")[1] not in path.read_text(encoding="utf-8").replace("fal-ai", "")


async def test_only_misses_are_forwarded_and_recorded(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(OLD, encoding="utf-8")
    upstream = scenario(exchange({"output": "fresh"}))
    async with recording(path, upstream, scenarios=(path,), misses_only=True) as setup:
        replayed = await setup.caller.run("acme/app", json={"prompt": "known"})
        forwarded = await setup.caller.run("acme/app", json={"prompt": "new"})
        queued = await setup.caller.submit("acme/app", json={"prompt": "queued"})
        for _ in range(3):
            await setup.caller.request("GET", f"/acme/app/requests/{queued}/status")
        result = await setup.caller.request("GET", f"/acme/app/requests/{queued}")
        endpoints = setup.called_endpoints
    assert (replayed.json, forwarded.json, result.json) == ("old", "fresh", "fresh")
    assert endpoints == ["acme/app", "acme/app"]
    text = path.read_text(encoding="utf-8")
    assert text.startswith(OLD.rstrip("\n"))
    assert len(load_file(path).exchanges) == 3
    async with running_caller(path, clock="instant") as caller:
        for prompt, output in (("known", "old"), ("new", "fresh")):
            assert (await caller.run("acme/app", json={"prompt": prompt})).json == output
        assert (await caller.run("acme/app", json={"prompt": "else"})).status == 404


@pytest.mark.parametrize("media", [True, False])
async def test_unread_files_are_fetched_if_configured(media: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    async with recording(path, scenario(exchange({"kind": "images"})), fetch_media=media) as setup:
        await setup.caller.run("acme/app", json={})
    assert len(setup.loaded.assets) == media


async def test_an_encoded_key_stops_the_writing_and_not_the_responses(
    tmp_path: Path,
) -> None:
    from base64 import b64encode

    hidden = b64encode(b"a-very-long-secret-key-0123").decode()
    upstream = scenario(exchange({"output": {"echo": hidden}}))
    path = tmp_path / "a.yaml"
    header = f"fakefal: 1\nrecorded: {{{WHEN}, digest: {UNSIGNED}}}\n"
    old = sign(OLD.replace("fakefal: 1\n", header))
    path.write_text(old, encoding="utf-8")
    with pytest.raises(FakefalError, match="it would contain the header Authorization"):
        await _record_echo(path, upstream, "a-very-long-secret-key-0123")
    assert path.read_text(encoding="utf-8") == old


async def _record_echo(path: Path, upstream: dict[str, Any], key: str) -> None:
    async with recording(path, upstream) as setup:
        assert (await setup.caller.run("acme/app", json={}, key=key)).status == 200


async def test_control_requests_and_preflights_are_not_forwarded(tmp_path: Path) -> None:
    async with recording(tmp_path / "a.yaml", scenario(exchange())) as setup:
        health: Any = await setup.caller.request("GET", "/_fakefal/health", host=None)
        headers = {"Access-Control-Request-Method": "POST", "Origin": "http://x.test"}
        preflight = await setup.caller.request("OPTIONS", "/acme/app", headers=headers)
        nowhere = await setup.caller.request("GET", "/nowhere", host=None)
        unexpected = await setup.caller.request("POST", "/_fakefal/recorder/webhooks/7", host=None)
    assert (health.status, preflight.status, nowhere.status, unexpected.status) == (
        200,
        200,
        404,
        404,
    )
