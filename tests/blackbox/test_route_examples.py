"""The example scenarios that consist of routes, driven as their clients drive the real services."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakefal import FakeFal

SCENARIOS = Path(__file__).parents[2] / "scenarios"
KEY = {"Authorization": "Key a:b"}


def test_the_webrtc_handshake(fakefal: FakeFal) -> None:
    fakefal.load(SCENARIOS / "wma.yaml")
    client = httpx.Client(base_url="https://wma.fal.run", headers=KEY)
    servers = client.post("/ice", json={"app_id": "acme/live"}).json()["ice_servers"]
    assert servers[1]["username"] == "acme/live"
    offer = {"app_id": "acme/live", "sdp": "v=0\r\no=-", "type": "offer"}
    assert client.post("/session", json={**offer, "type": "answer"}).status_code == 422
    assert client.post("/session", json=offer).status_code == 503  # no runner yet: try again
    session = client.post("/session", json=offer).json()
    assert (session["type"], session["sdp"]) == ("answer", "v=0\r\n")
    statuses = []
    for _ in range(4):
        beat = {"session_id": session["session_id"]}
        statuses.append(client.post("/session/heartbeat", json=beat).status_code)
    assert statuses == [200, 502, 404, 404]
    assert client.post("/session/heartbeat", json={}).status_code == 404
    assert "json.session_id" in fakefal.pop_misses()[0]


def rpc(client: httpx.Client, method: str, id_: int | None = 1, **params: Any) -> httpx.Response:
    """A JSON-RPC request as MCP clients send it over HTTP."""
    body = {"jsonrpc": "2.0", "method": method, "params": params}
    headers = {"Accept": "application/json, text/event-stream"}
    return client.post("/mcp", json=body if id_ is None else {**body, "id": id_}, headers=headers)


def test_the_calls_of_an_mcp_client(fakefal: FakeFal) -> None:
    fakefal.load(SCENARIOS / "mcp.yaml")
    client = httpx.Client(base_url="https://mcp.fal.ai")
    refused = rpc(client, "initialize", protocolVersion="2025-06-18")
    assert (refused.status_code, "invalid_token" in refused.headers["www-authenticate"]) == (
        401,
        True,
    )
    client.headers["Authorization"] = "Bearer a:b"
    started = rpc(client, "initialize", protocolVersion="2025-06-18")
    assert started.json()["result"]["protocolVersion"] == "2025-06-18"
    assert rpc(client, "tools/list").status_code == 400
    client.headers["Mcp-Session-Id"] = started.headers["mcp-session-id"]
    assert rpc(client, "notifications/initialized", None).status_code == 202
    listed = rpc(client, "tools/list", 2)
    assert listed.headers["content-type"].startswith("text/event-stream")
    event, data = listed.text.strip().split("\n")
    assert event == "event: message"
    message = json.loads(data.removeprefix("data: "))
    assert (message["id"], message["result"]["tools"][0]["name"]) == (2, "search_models")
    arguments = {"query": "cats"}
    called = rpc(client, "tools/call", 3, name="search_models", arguments=arguments).json()
    assert called["result"]["content"][0]["text"] == "fal-ai/flux/dev for cats"
    assert rpc(client, "prompts/list", 4).json()["error"]["code"] == -32601
    assert client.delete("/mcp").status_code == 204


def test_a_speech_app(fakefal: FakeFal) -> None:
    fakefal.load(SCENARIOS / "speech.yaml")
    client = httpx.Client(base_url="https://fal.run/acme/voice", headers=KEY)
    spoken = client.post("/speech", json={"input": "Ship it.", "response_format": "mp3"})
    assert (spoken.headers["content-type"], spoken.content[:3]) == ("audio/mpeg", b"ID3")
    before = fakefal.clock.now
    with client.stream("POST", "/speech", json={"response_format": "pcm"}) as pcm:
        chunks = list(pcm.iter_raw())
    assert [len(chunk) for chunk in chunks] == [8, 8, 4]
    assert fakefal.clock.now - before == pytest.approx(1.24)
    files = {"file": ("hi.wav", b"RIFF....WAVE", "audio/wav")}
    text = client.post("/transcriptions", data={"language": "en"}, files=files).json()
    assert text == {"text": "Ship it.", "name": "hi.wav"}
    assert client.post("/transcriptions", data={"language": "en"}).status_code == 422


def test_a_product_that_fakefal_does_not_know(fakefal: FakeFal) -> None:
    fakefal.load(
        {
            "fakefal": 1,
            "hosts": ["api.acme.dev"],
            "routes": [
                {
                    "id": "jobs",
                    "when": {"host": "api.acme.dev", "path": "/v2/jobs/{id}", "method": "GET"},
                    "replies": [
                        {"json": {"id": "{{ params.id }}", "state": "running"}, "faults": "429"},
                        {"json": {"id": "{{ params.id }}", "state": "done"}},
                    ],
                }
            ],
        }
    )
    url = "https://api.acme.dev/v2/jobs/7"
    assert httpx.get(url).status_code == 429
    assert httpx.get(url).json() == {"id": "7", "state": "done"}
    assert httpx.post(url).status_code == 404
    assert "method is POST, wanted GET" in fakefal.pop_misses()[0]
    assert [(record.status, record.route) for record in fakefal.requests] == [
        (429, "jobs"),
        (200, "jobs"),
        (404, ""),
    ]
