"""Secrets of all kinds in every place a client can put one: none reaches a file or a report."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgpack

from fakefal.cli.recording.options import recording_summary
from fakefal.cli.recording.replay_check import check_replay
from tests.building import exchange, scenario
from tests.credentials.planted import FIELDS, VALUES
from tests.recorder.recording_proxy import RecordingSetup, recording

SECRETS = list(VALUES.values())


async def plant(setup: RecordingSetup, number: int, secret: str, place: str) -> None:
    """Send a secret to a place of a request."""
    caller = setup.caller
    run: dict[str, Any] = {"host": "fal.run"}
    body: dict[str, Any] = {"n": number}
    path = "/acme/app"
    if place == "header":
        run["headers"] = {"X-Custom-Api-Key": secret}
    elif place == "cookie":
        run["headers"] = {"Cookie": f"session={quote(secret, safe='')}"}
    elif place == "query":
        path = f"{path}?{urlencode({'api_key': secret})}"
    elif place == "input":
        body["prompt"] = f"use {secret} for this"
    elif place == "nested input":
        body["steps"] = [{"note": [secret]}]
    elif place == "webhook":
        hook = f"http://127.0.0.1:9/hook?{urlencode({'token': secret})}"
        run["host"], path = "queue.fal.run", f"{path}?{urlencode({'fal_webhook': hook})}"
    elif place == "name of an upload":
        run["host"], path = "rest.fal.ai", "/storage/upload/initiate?storage_type=fal-cdn-v3"
        body = {"file_name": f"{secret}.png", "content_type": "image/png"}
    elif place == "url in the input":
        body["image_url"] = f"https://x.example/a.png?{urlencode({'X-Amz-Signature': secret})}"
    elif place == "path":
        run["host"], path = "api.fal.ai", f"/v1/{quote(secret, safe='')}"
    if place == "multipart":
        data = f'--x\r\nContent-Disposition: form-data; name="k"\r\n\r\n{secret}\r\n--x--\r\n'
        run["headers"] = {"Content-Type": "multipart/form-data; boundary=x"}
        await caller.request("POST", path, data=data.encode(), **run)
    elif place == "msgpack":
        run["headers"] = {"Content-Type": "application/msgpack"}
        await caller.request("POST", path, data=msgpack.packb({"k": secret}), **run)
    elif place == "text":
        run["headers"] = {"Content-Type": "text/plain"}
        await caller.request("POST", path, data=f"key {secret}".encode(), **run)
    elif place == "path":
        await caller.request("GET", path, **run)
    else:
        await caller.request("POST", path, json=body, **run)


PLACES = [
    *("header", "cookie", "query", "input", "nested input", "webhook", "name of an upload"),
    *("url in the input", "path", "multipart", "msgpack", "text"),
]


def answers(secrets: Iterator[str]) -> Any:
    """An upstream that shows secrets in outputs, logs, errors, headers and streams."""
    logs = [f"loaded with {next(secrets)}"]
    return scenario(
        exchange(
            {
                "output": {"echo": next(secrets), "more": [f"a {next(secrets)} b"]},
                "timeline": [{"IN_PROGRESS": {"logs": logs, "polls": 1}}],
                "headers": {"x-auth-token": next(secrets), "x-more": next(secrets)},
            },
            when={"endpoint": "acme/talks"},
        ),
        exchange(
            {"fail": {"status": 400, "body": {"detail": f"bad {next(secrets)}"}}},
            when={"endpoint": "acme/fails"},
        ),
        exchange(
            {"output": {"t": next(secrets)}, "stream": {"events": [{"t": next(secrets)}]}},
            when={"endpoint": "acme/streams"},
        ),
        exchange({"output": 1}),
    )


async def test_no_planted_secret_is_written_or_printed(tmp_path: Path) -> None:
    path = tmp_path / "session.yaml"
    planted = [*zip(SECRETS, cycle(PLACES), strict=False)]
    assert len(planted) >= 30
    async with recording(path, answers(cycle(SECRETS))) as setup:
        for number, (secret, place) in enumerate(planted):
            await plant(setup, number, secret, place)
        await setup.caller.run("acme/app", json=FIELDS)
        for endpoint in ("acme/talks", "acme/fails"):
            await setup.caller.run(endpoint, json={})
        await setup.caller.request("POST", "/acme/streams/stream", host="fal.run", json={})
        id_ = await setup.caller.submit("acme/talks", json={})
        for tail in ("/status?logs=1", "/status?logs=1", ""):
            await setup.caller.request("GET", f"/acme/talks/requests/{id_}{tail}")
    distilled = setup.recorder.recorded
    assert distilled is not None
    report = "\n".join([*recording_summary(distilled, path), *check_in_thread(distilled)])
    texts = {file.name: file.read_bytes().decode("latin-1") for file in files_in(tmp_path)}
    texts["report"] = report
    assert "session.yaml" in texts
    found = [
        (name, secret[:12])
        for name, text in texts.items()
        for secret in (*SECRETS, *FIELDS.values())
        if secret in text or quote(secret, safe="") in text
    ]
    assert found == []


def files_in(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def check_in_thread(distilled: Any) -> list[str]:
    """The check of a replay, which has an event loop of its own."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(check_replay, distilled).result()
