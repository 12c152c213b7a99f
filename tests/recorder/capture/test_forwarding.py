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


async def test_responses_are_returned_unchanged(tmp_path: Path) -> None:
    reply = {"output": {"text": LARGE, "é": None}, "headers": {"x-note": "n"}, "billable_units": 2}
    async with recording(tmp_path / "a.yaml", scenario(exchange(reply))) as setup:
        response = await setup.caller.run("acme/app", json={})
        direct = await Caller(setup.caller.session, setup.upstream).run("acme/app", json={})
    assert (response.status, response.body) == (direct.status, direct.body)
    names = ("Content-Type", "x-note", "x-fal-billable-units")
    assert [response.headers[name] for name in names] == [direct.headers[name] for name in names]
    assert response.headers["Content-Length"] == str(len(response.body))


@pytest.mark.parametrize("form", ["host", "base", "proxy"])
async def test_links_lead_back_to_the_recorder_in_the_callers_form(
    form: str, tmp_path: Path
) -> None:
    async with recording(tmp_path / "a.yaml", scenario(exchange())) as setup:
        own = setup.recorder.url
        requests: dict[str, Any] = {
            "host": {"path": "/acme/app"},
            "base": {"path": "/queue.fal.run/acme/app", "host": None},
            "proxy": {
                "path": "/api/fal/proxy",
                "host": None,
                "headers": {"x-fal-target-url": "https://queue.fal.run/acme/app"},
            },
        }
        response = await setup.caller.request("POST", json={}, **requests[form])
        port = setup.recorder.port
    base = f"{own}/queue.fal.run" if form == "base" else "https://queue.fal.run"
    assert response.json["status_url"].startswith(f"{base}/acme/app/requests/"), port


async def test_uploads_and_downloads_are_recorded(tmp_path: Path) -> None:
    upstream = scenario(exchange({"kind": "images"}))
    async with recording(tmp_path / "a.yaml", upstream) as setup:
        caller = setup.caller
        initiated = await caller.request(
            "POST",
            "/rest.fal.ai/storage/upload/initiate",
            host=None,
            json={"file_name": "in.png", "content_type": "image/png"},
        )
        session = caller.session
        async with session.put(initiated.json["upload_url"], data=b"bytes" * 50_000) as put:
            assert put.status == 200
        input_ = {"image_url": initiated.json["file_url"]}
        response = await caller.request("POST", "/fal.run/acme/edit", host=None, json=input_)
        async with session.get(response.json["images"][0]["url"]) as read:
            assert read.status == 200
            picture = await read.read()
        async with session.head(response.json["images"][0]["url"]) as head:
            assert int(head.headers["Content-Length"]) == len(picture)
    (exchange_,) = setup.loaded.exchanges
    fields, _ = exchange_.model.when.input["$all"]
    assert fields["image_url"] == {"$regex": r"/files/.*in\.png(\?.*)?$"}
    (asset,) = setup.loaded.assets.values()
    assert asset.data == picture


async def test_events_are_returned_unchanged(tmp_path: Path) -> None:
    async with recording(tmp_path / "a.yaml", scenario(exchange({"text": "a b c"}))) as setup:
        response = await setup.caller.request(
            "POST", "/fal-ai/any-llm/stream", host=RUN, json={"prompt": "x"}
        )
        direct = await Caller(setup.caller.session, setup.upstream).request(
            "POST", "/fal-ai/any-llm/stream", host=RUN, json={"prompt": "x"}
        )
    assert response.body == direct.body
    assert response.headers["Content-Type"] == direct.headers["Content-Type"]


@pytest.mark.parametrize("fault", ["reset", "close", "reset-headers", "truncate"])
async def test_a_broken_response_breaks_for_the_caller_and_in_the_replay(
    fault: str, tmp_path: Path
) -> None:
    upstream = scenario(exchange({"text": "ok", "faults": {"run": [fault]}}))
    async with recording(tmp_path / "a.yaml", upstream) as setup:
        with pytest.raises(aiohttp.ClientError):
            await setup.caller.run("acme/app", json={})
        assert (await setup.caller.run("acme/app", json={})).status == 200
    async with running_caller(setup.path, clock="instant") as caller:
        with pytest.raises(aiohttp.ClientError):
            await caller.run("acme/app", json={})
        assert (await caller.run("acme/app", json={})).status == 200


async def test_an_unreachable_upstream_is_a_502_and_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    server = FakeFalServer()
    server.record(RecordingConfig(path, "http://127.0.0.1:9"))
    async with aiohttp.ClientSession() as session, server:
        response = await Caller(session, server).run("acme/app", json={})
    assert response.status == 502
    assert "cannot be reached" in response.json["detail"]
    text = path.read_text(encoding="utf-8")
    assert "# Not recorded: POST fal.run: upstream could not be reached" in text
    assert "exchanges: []" in text


async def test_redirects_are_returned_to_the_caller(tmp_path: Path) -> None:
    async def redirect(request: web.BaseRequest) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Key id:secret"
        assert "x-forwarded-host" not in request.headers
        location = f"http://{request.host}/queue.fal.run/acme/app"
        return web.Response(status=307, headers={"Location": location, "X-More": "1"})

    runner = web.ServerRunner(web.Server(redirect))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server = FakeFalServer()
    server.record(
        RecordingConfig(tmp_path / "a.yaml", f"http://127.0.0.1:{runner.addresses[0][1]}")
    )
    async with aiohttp.ClientSession() as session, server:
        response = await Caller(session, server).request(
            "GET", "/fal.run/acme/app", host=None, allow_redirects=False
        )
    await runner.cleanup()
    assert response.status == 307
    assert response.headers["Location"] == f"{server.url}/queue.fal.run/acme/app"
    assert json.loads(response.body or b"0") == 0
