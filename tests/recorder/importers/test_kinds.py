"""Kinds of recordings that were once read wrongly: what an import makes of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fakefal.scenario.files.loader import dump_data, load_file
from tests.cli.running import Ran, fakefal

ID = "019b7b71-eeae-769d-ace9-2638d996a604"
BASE = f"https://queue.fal.run/acme/draw/requests/{ID}"
QUEUED = {
    "status": "IN_QUEUE",
    "request_id": ID,
    "response_url": BASE,
    "status_url": f"{BASE}/status",
    "cancel_url": f"{BASE}/cancel",
    "queue_position": 2,
}
SSE = 'data: {"choices": [{"delta": {"content": "Hi"}}]}\n\ndata: [DONE]\n\n'


def entry(method: str, url: str, sent: Any, answer: Any, status: int = 200, **more: Any) -> Any:
    kind = "text/event-stream" if isinstance(answer, str) else "application/json"
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return {
        "startedDateTime": "2026-04-01T10:00:00.000Z",
        "time": 5,
        "request": {
            "method": method,
            "url": url,
            "headers": [],
            "postData": {"text": "" if sent is None else json.dumps(sent)},
        },
        "response": {
            "status": status,
            "headers": [{"name": "content-type", "value": kind}],
            "content": {"mimeType": kind, "text": text, **more},
        },
    }


def imported(tmp_path: Path, *entries: Any) -> tuple[Ran, dict[str, Any]]:
    source, target = tmp_path / "a.har", tmp_path / "a.yaml"
    source.write_text(json.dumps({"log": {"entries": entries}}))
    ran = fakefal("import", source, "-o", target)
    return ran, dump_data(load_file(target).scenario) if target.exists() else {}


def test_a_stream_of_openai_becomes_a_route_that_check_accepts(tmp_path: Path) -> None:
    url = "https://fal.run/openrouter/router/openai/v1/chat/completions"
    ran, data = imported(tmp_path, entry("POST", url, {"stream": True}, SSE))
    assert ran.code == 0
    assert "raw: POST https://fal.run/openrouter/" in ran.err
    assert "".join(data["routes"][0]["reply"]["stream"]["chunks"]) == SSE
    assert fakefal("check", tmp_path / "a.yaml").code == 0


def test_a_webhook_to_the_programs_own_host_ends_its_job(tmp_path: Path) -> None:
    hook = {"request_id": ID, "status": "OK", "payload": {"n": 1}, "gateway_request_id": ID}
    _ran, data = imported(
        tmp_path,
        entry(
            "POST",
            "https://queue.fal.run/acme/draw?fal_webhook=https%3A%2F%2Fx.example",
            {},
            QUEUED,
        ),
        entry("POST", "https://x.example/hook", hook, {}),
    )
    (exchange,) = data["exchanges"]
    assert exchange["reply"]["output"] == {"n": 1}
    assert not any("forever" in str(step) for step in exchange["reply"]["timeline"])


def test_jobs_with_one_id_are_all_kept(tmp_path: Path) -> None:
    calls = []
    for n in (1, 2):
        calls.append(entry("POST", "https://queue.fal.run/acme/draw", {"n": n}, QUEUED))
        calls.append(entry("GET", f"{BASE}/status", None, {**QUEUED, "status": "COMPLETED"}))
        calls.append(entry("GET", BASE, None, {"out": n}))
    for number, call in enumerate(calls):
        call["startedDateTime"] = f"2026-04-01T10:00:0{number}.000Z"
    _ran, data = imported(tmp_path, *calls)
    outputs = [exchange["reply"]["output"] for exchange in data["exchanges"]]
    assert outputs == [{"out": 1}, {"out": 2}]
    ids = [exchange["reply"].get("request_id") for exchange in data["exchanges"]]
    assert ids == [ID, None]
    assert data["recorded"]["at"] == "2026-04-01T10:00:00Z"


def test_a_body_that_the_browser_did_not_keep_is_said_to_be_missing(tmp_path: Path) -> None:
    url = "https://fal.run/acme/draw"
    lost = entry("POST", url, {}, "", size=512)
    ran, data = imported(tmp_path, lost)
    assert (ran.code, data) == (2, {})
    assert f"entries[0]: {url}: its body (512 bytes) is not in the file" in ran.err


def test_media_that_stay_at_the_cdn_are_listed(tmp_path: Path) -> None:
    url = "https://v3b.fal.media/files/b/0a/abc.jpg"
    ran, _ = imported(tmp_path, entry("POST", "https://fal.run/acme/draw", {}, {"url": url}))
    assert f"not used: {url}: its file is missing, so a replay returns fal's URL" in ran.err
    strict = fakefal("import", tmp_path / "a.har", "-o", tmp_path / "a.yaml", "--strict")
    assert strict.code == 5


def test_an_import_that_finds_nothing_names_its_input(tmp_path: Path) -> None:
    upload = "https://rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3"
    ran, _ = imported(tmp_path, entry("POST", upload, {"file_name": "x.png"}, {"file_url": "x"}))
    assert ran.err.splitlines()[-1].startswith(f"no calls to fal found in {tmp_path / 'a.har'}")
