from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakefal.errors import FakefalError
from fakefal.scenario.files.loader import load_file
from tests.building import exchange, scenario
from tests.callers import KEY, running_caller
from tests.recorder.recording_proxy import recording

OLD = """# kept by hand
fakefal: 1
exchanges:
  - id: old
    when: {endpoint: acme/app, input: {prompt: known}}
    reply: {output: old}
"""


async def test_a_finished_exchange_is_on_disk_before_its_caller_hears_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    async with recording(path, scenario(exchange())) as both:
        for number in range(3):
            await both.caller.run("acme/app", json={"n": number})
            assert len(load_file(path).exchanges) == number + 1
        id_ = await both.caller.submit("acme/app", json={"n": 9})
        assert len(load_file(path).exchanges) == 3
        for _ in range(3):
            await both.caller.request("GET", f"/acme/app/requests/{id_}/status")
        await both.caller.request("GET", f"/acme/app/requests/{id_}")
        assert len(load_file(path).exchanges) == 4
        header = load_file(path).scenario.recorded
        assert header is not None
        assert not header.complete
    header = load_file(path).scenario.recorded
    assert header is not None
    assert header.complete
    assert KEY.split(":")[1] not in path.read_text(encoding="utf-8").replace("fal-ai", "")


async def test_only_what_is_not_known_is_asked_and_added(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(OLD, encoding="utf-8")
    upstream = scenario(exchange({"output": "fresh"}))
    async with recording(path, upstream, scenarios=(path,), misses_only=True) as both:
        known = await both.caller.run("acme/app", json={"prompt": "known"})
        fresh = await both.caller.run("acme/app", json={"prompt": "new"})
        queued = await both.caller.submit("acme/app", json={"prompt": "queued"})
        for _ in range(3):
            await both.caller.request("GET", f"/acme/app/requests/{queued}/status")
        result = await both.caller.request("GET", f"/acme/app/requests/{queued}")
        asked = both.called_endpoints
    assert (known.json, fresh.json, result.json) == ("old", "fresh", "fresh")
    assert asked == ["acme/app", "acme/app"]
    text = path.read_text(encoding="utf-8")
    assert text.startswith(OLD.rstrip("\n"))
    assert len(load_file(path).exchanges) == 3
    async with running_caller(path, clock="instant") as caller:
        for prompt, told in (("known", "old"), ("new", "fresh")):
            assert (await caller.run("acme/app", json={"prompt": prompt})).json == told
        assert (await caller.run("acme/app", json={"prompt": "else"})).status == 404


@pytest.mark.parametrize("media", [True, False])
async def test_files_that_the_caller_does_not_read_are_fetched_if_wanted(
    media: bool, tmp_path: Path
) -> None:
    path = tmp_path / "a.yaml"
    async with recording(path, scenario(exchange({"kind": "images"})), media=media) as both:
        await both.caller.run("acme/app", json={})
    assert len(both.loaded.assets) == media


async def test_a_key_in_another_spelling_stops_the_writing_and_not_the_answers(
    tmp_path: Path,
) -> None:
    from base64 import b64encode

    hidden = b64encode(b"a-very-long-secret-key-0123").decode()
    upstream = scenario(exchange({"output": {"echo": hidden}}))
    path = tmp_path / "a.yaml"
    path.write_text(OLD, encoding="utf-8")
    with pytest.raises(FakefalError, match="the header Authorization would stand in it"):
        await _ask(path, upstream, "a-very-long-secret-key-0123")
    assert path.read_text(encoding="utf-8") == OLD


async def _ask(path: Path, upstream: dict[str, Any], key: str) -> None:
    async with recording(path, upstream) as both:
        assert (await both.caller.run("acme/app", json={}, key=key)).status == 200


async def test_control_and_preflights_are_the_servers_own(tmp_path: Path) -> None:
    async with recording(tmp_path / "a.yaml", scenario(exchange())) as both:
        health: Any = await both.caller.request("GET", "/_fakefal/health", host=None)
        asked = {"Access-Control-Request-Method": "POST", "Origin": "http://x.test"}
        preflight = await both.caller.request("OPTIONS", "/acme/app", headers=asked)
        nowhere = await both.caller.request("GET", "/nowhere", host=None)
        nobody = await both.caller.request("POST", "/_fakefal/recorder/webhooks/7", host=None)
    assert (health.status, preflight.status, nowhere.status, nobody.status) == (200, 200, 404, 404)
