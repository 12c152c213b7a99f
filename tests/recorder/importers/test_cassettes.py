from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml

from fakefal.recorder.importers.cassettes import read_cassette
from fakefal.recorder.importers.foreign import NotThisFormat
from fakefal.recorder.importers.recognition import recognize
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.recorder.importers.replay import replayed

KEY = "11112222-3333-4444-5555-666677778888:0123456789abcdef"

APP = """
import json, sys, urllib.error, urllib.request, vcr
url, cassette, serializer, key = sys.argv[1:]

def ask(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "Key " + key}
    request = urllib.request.Request(url + path, method=method, headers=headers, data=data)
    try:
        return json.load(urllib.request.urlopen(request))
    except urllib.error.HTTPError as error:
        return json.load(error)

with vcr.VCR(serializer=serializer).use_cassette(cassette, allow_playback_repeats=False):
    job = ask("POST", "/queue.fal.run/fal-ai/any-llm", {"prompt": "hello"})["request_id"]
    path = f"/queue.fal.run/fal-ai/any-llm/requests/{job}"
    while ask("GET", path + "/status?logs=1")["status"] != "COMPLETED":
        pass
    ask("GET", path)
    ask("POST", "/fal.run/fal-ai/any-llm", {"prompt": "rude"})
"""

UPSTREAM: dict[str, Any] = {
    "fakefal": 1,
    "exchanges": [
        {"when": {"input": {"prompt": "hello"}}, "reply": {"text": "from a cassette"}},
        {"when": {"input": {"prompt": "rude"}}, "reply": {"fail": "content_policy_violation"}},
    ],
}


def record(cassette: Path, serializer: str) -> None:
    """Have VCR.py write a cassette of a few calls."""
    with ThreadedServer(FakeFalServer(UPSTREAM)) as fake:
        command = [sys.executable, "-c", APP, fake.url, str(cassette), serializer, KEY]
        subprocess.run(command, check=True, timeout=60)


@pytest.mark.parametrize("serializer", ["yaml", "json"])
async def test_a_cassette_of_vcr_py_is_replayed(serializer: str, tmp_path: Path) -> None:
    cassette = tmp_path / f"cassette.{serializer}"
    await asyncio.to_thread(record, cassette, serializer)
    imported = read_cassette(cassette.read_text(encoding="utf-8"), cassette.name)
    assert imported.unused == []
    responses = [(status, body) for _, status, body in await replayed(imported)]
    assert [status for status, _ in responses] == [200, 202, 202, 200, 200, 422]
    assert [body["status"] for _, body in responses[:4]] == [
        "IN_QUEUE",
        "IN_QUEUE",
        "IN_PROGRESS",
        "COMPLETED",
    ]
    assert responses[4][1]["output"] == "from a cassette"
    assert responses[5][1]["detail"][0]["type"] == "content_policy_violation"


def interaction(**response: Any) -> dict[str, Any]:
    request = {"method": "POST", "uri": "https://fal.run/acme/app", "body": "{}", "headers": {}}
    defaults = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "1"}}
    return {"request": request, "response": {**defaults, **response}}


def cassette_of(*interactions: Any) -> str:
    return str(yaml.dump({"interactions": [*interactions], "version": 1}))


@pytest.mark.parametrize(
    "response",
    [
        {"body": {"string": '{"a": 1}'}},
        {"body": {"string": b'{"a": 1}'}},
        {"body": {"base64_string": b64encode(b'{"a": 1}').decode()}},
        {"content": '{"a": 1}', "body": None},
        {
            "body": {"string": gzip.compress(b'{"a": 1}', mtime=0)},
            "headers": {"Content-Encoding": ["gzip"]},
        },
    ],
)
async def test_every_form_of_body_is_read(response: dict[str, Any]) -> None:
    if response.get("body", 0) is None:
        recorded = interaction()
        recorded["response"].pop("body")
        recorded["response"] |= {"content": response["content"]}
    else:
        recorded = interaction(**response)
    (replayed_response,) = await replayed(read_cassette(cassette_of(recorded), "c.yaml"))
    assert replayed_response[1:] == (200, {"a": 1})


def test_unusable_entries_are_reported() -> None:
    other = interaction()
    other["request"] = {**other["request"], "uri": "https://example.com/"}
    imported = read_cassette(cassette_of({}, other, interaction()), "c.yaml")
    assert len(imported.captures) == 1
    assert imported.unused[0].startswith("c.yaml: interactions[0]: invalid")
    assert imported.unused[1] == "c.yaml: interactions[1]: POST example.com: not a fal host"


@pytest.mark.parametrize("text", ["a: [", "5", json.dumps({"interactions": [], "version": 3})])
def test_other_formats_are_rejected(text: str) -> None:
    with pytest.raises(NotThisFormat):
        read_cassette(text, "c.yaml")


URL = "https://fal.run/acme/draw"
SENT = {"method": "post", "uri": URL, "headers": {"Authorization": ["Key x"]}}
RUBY = {
    "request": {**SENT, "body": {"encoding": "UTF-8", "string": '{"n": 1}'}},
    "response": {
        "status": {"code": 200, "message": "OK"},
        "headers": {"Content-Type": ["application/json"]},
        "body": {"encoding": "ASCII-8BIT", "base64_string": "eyJuIjogMX0="},
    },
    "recorded_at": "Mon, 01 Jun 2026 00:00:00 GMT",
}
GO = {
    "id": 0,
    "request": {"method": "POST", "url": URL, "body": '{"n": 1}', "headers": {}},
    "response": {"status": "200 OK", "code": 200, "headers": {}, "body": '{"n": 1}'},
}
PHP = {
    "request": {"method": "POST", "url": URL, "headers": {"Host": "fal.run"}, "body": '{"n": 1}'},
    "response": {
        "status": {"http_version": "1.1", "code": "200", "message": "OK"},
        "headers": {},
        "body": '{"n": 1}',
    },
}
ELIXIR = {
    "request": {"method": "post", "url": URL, "headers": [], "body": '{"n": 1}', "options": []},
    "response": {
        "type": "ok",
        "status_code": 200,
        "headers": [["Content-Type", "application/json"]],
        "body": '{"n": 1}',
    },
}
PARSED = {
    "request": {"method": "POST", "uri": URL, "headers": {}, "body": {"n": 1}},
    "response": {"status": {"code": 200}, "headers": {}, "body": {"n": 1}},
}

CASSETTES = {
    "VCR for Ruby": {"http_interactions": [RUBY], "recorded_with": "VCR 6.2.0"},
    "go-vcr": {"version": 2, "interactions": [GO]},
    "PHP-VCR": [PHP],
    "ExVCR": [ELIXIR],
    "VCR.py with a serializer that parses bodies": {"version": 1, "interactions": [PARSED]},
}


@pytest.mark.parametrize("tool", CASSETTES)
@pytest.mark.parametrize("dump", [json.dumps, yaml.safe_dump])
async def test_cassettes_of_other_tools_are_replayed(tool: str, dump: Any) -> None:
    text = dump(CASSETTES[tool])
    assert recognize(text, "c") == "vcr"
    imported = read_cassette(text, "c")
    assert imported.unused == []
    assert await replayed(imported) == [("/acme/draw", 200, {"n": 1})]
    is_dated = tool == "VCR for Ruby"
    assert imported.recorded_at == (1_780_272_000.0 if is_dated else None)
