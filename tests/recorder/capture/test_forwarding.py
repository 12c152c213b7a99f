from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from fakefal.server.recording import RecordingConfig
from fakefal.server.server import FakeFalServer
from tests.building import exchange, scenario
from tests.callers import RUN, Caller, running_caller
from tests.recorder.recording_proxy import recording

LARGE = "x" * 300_000


async def test_answers_come_back_as_they_are(tmp_path: Path) -> None:
    reply = {"output": {"text": LARGE, "é": None}, "headers": {"x-note": "n"}, "billable_units": 2}
    async with recording(tmp_path / "a.yaml", scenario(exchange(reply))) as both:
        heard = await both.caller.run("acme/app", json={})
        direct = await Caller(both.caller.session, both.upstream).run("acme/app", json={})
    assert (heard.status, heard.body) == (direct.status, direct.body)
    names = ("Content-Type", "x-note", "x-fal-billable-units")
    assert [heard.headers[it] for it in names] == [direct.headers[it] for it in names]
    assert heard.headers["Content-Length"] == str(len(heard.body))


@pytest.mark.parametrize("form", ["host", "base", "proxy"])
async def test_links_lead_back_to_the_recorder_in_the_form_of_the_caller(
    form: str, tmp_path: Path
) -> None:
    async with recording(tmp_path / "a.yaml", scenario(exchange())) as both:
        own = both.recorder.url
        ways: dict[str, Any] = {
            "host": {"path": "/acme/app"},
            "base": {"path": "/queue.fal.run/acme/app", "host": None},
            "proxy": {
                "path": "/api/fal/proxy",
                "host": None,
                "headers": {"x-fal-target-url": "https://queue.fal.run/acme/app"},
            },
        }
        heard = await both.caller.request("POST", json={}, **ways[form])
        port = both.recorder.port
    base = f"{own}/queue.fal.run" if form == "base" else "https://queue.fal.run"
    assert heard.json["status_url"].startswith(f"{base}/acme/app/requests/"), port


async def test_files_go_up_and_down_and_their_urls_are_recognised(tmp_path: Path) -> None:
    upstream = scenario(exchange({"kind": "images"}))
    async with recording(tmp_path / "a.yaml", upstream) as both:
        caller = both.caller
        begun = await caller.request(
            "POST",
            "/rest.fal.ai/storage/upload/initiate",
            host=None,
            json={"file_name": "in.png", "content_type": "image/png"},
        )
        session = caller.session
        async with session.put(begun.json["upload_url"], data=b"bytes" * 50_000) as put:
            assert put.status == 200
        given = {"image_url": begun.json["file_url"]}
        heard = await caller.request("POST", "/fal.run/acme/edit", host=None, json=given)
        async with session.get(heard.json["images"][0]["url"]) as read:
            assert read.status == 200
            picture = await read.read()
        async with session.head(heard.json["images"][0]["url"]) as head:
            assert int(head.headers["Content-Length"]) == len(picture)
    (entry,) = both.loaded.exchanges
    fields, _ = entry.model.when.input["$all"]
    assert fields["image_url"] == {"$regex": r"/files/.*in\.png(\?.*)?$"}
    (asset,) = both.loaded.assets.values()
    assert asset.data == picture


async def test_events_come_as_they_come(tmp_path: Path) -> None:
    async with recording(tmp_path / "a.yaml", scenario(exchange({"text": "a b c"}))) as both:
        heard = await both.caller.request(
            "POST", "/fal-ai/any-llm/stream", host=RUN, json={"prompt": "x"}
        )
        direct = await Caller(both.caller.session, both.upstream).request(
            "POST", "/fal-ai/any-llm/stream", host=RUN, json={"prompt": "x"}
        )
    assert heard.body == direct.body
    assert heard.headers["Content-Type"] == direct.headers["Content-Type"]


@pytest.mark.parametrize("fault", ["reset", "close", "reset-headers", "truncate"])
async def test_what_upstream_breaks_is_broken_for_the_caller_and_again(
    fault: str, tmp_path: Path
) -> None:
    upstream = scenario(exchange({"text": "ok", "faults": {"run": [fault]}}))
    async with recording(tmp_path / "a.yaml", upstream) as both:
        with pytest.raises(aiohttp.ClientError):
            await both.caller.run("acme/app", json={})
        assert (await both.caller.run("acme/app", json={})).status == 200
    async with running_caller(both.path, clock="instant") as caller:
        with pytest.raises(aiohttp.ClientError):
            await caller.run("acme/app", json={})
        assert (await caller.run("acme/app", json={})).status == 200


async def test_an_upstream_out_of_reach_is_told_and_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    fake = FakeFalServer()
    fake.record(RecordingConfig(path, "http://127.0.0.1:9"))
    async with aiohttp.ClientSession() as session, fake:
        heard = await Caller(session, fake).run("acme/app", json={})
    assert heard.status == 502
    assert "out of reach" in heard.json["detail"]
    text = path.read_text(encoding="utf-8")
    assert "# Not recorded: POST fal.run: upstream was out of reach" in text
    assert "exchanges: []" in text


async def test_redirects_are_handed_on(tmp_path: Path) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Key id:secret"
        assert "x-forwarded-host" not in request.headers
        location = f"http://{request.host}/queue.fal.run/acme/app"
        return web.Response(status=307, headers={"Location": location, "X-More": "1"})

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake = FakeFalServer()
    fake.record(RecordingConfig(tmp_path / "a.yaml", f"http://127.0.0.1:{runner.addresses[0][1]}"))
    async with aiohttp.ClientSession() as session, fake:
        heard = await Caller(session, fake).request(
            "GET", "/fal.run/acme/app", host=None, allow_redirects=False
        )
    await runner.cleanup()
    assert heard.status == 307
    assert heard.headers["Location"] == f"{fake.url}/queue.fal.run/acme/app"
    assert json.loads(heard.body or b"0") == 0
