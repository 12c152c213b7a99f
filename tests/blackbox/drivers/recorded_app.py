"""An app that is recorded and replayed; prints what it saw as JSON.

Run as ``python recorded_app.py URL RECEIVER``; URL is a fake, RECEIVER takes webhooks.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any

fal_client: Any = importlib.import_module("fal_client")
client_module: Any = importlib.import_module("fal_client.client")

ANY_LLM = "fal-ai/any-llm"


def attempt(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except Exception as error:
        fields = {name: getattr(error, name, None) for name in ("status_code", "error_type")}
        return {"raised": type(error).__name__, "text": str(error), **fields}


def subscribed(prompt: str) -> dict[str, Any]:
    updates: list[Any] = []

    def note(status: Any) -> None:
        logs = getattr(status, "logs", None)
        shown = None if logs is None else [[log["message"], log["labels"]["level"]] for log in logs]
        updates.append([type(status).__name__, getattr(status, "position", None), shown])

    def ask() -> Any:
        return fal_client.subscribe(
            ANY_LLM, {"prompt": prompt}, with_logs=True, on_queue_update=note
        )

    return {"result": attempt(ask), "updates": updates}


def streamed(endpoint: str, prompt: str) -> dict[str, Any]:
    began = time.monotonic()
    times: list[float] = []
    events: list[Any] = []

    def read() -> None:
        for event in fal_client.stream(endpoint, {"prompt": prompt}):
            times.append(time.monotonic() - began)
            events.append(event)

    return {"error": attempt(read), "events": events, "times": times}


def pictured() -> dict[str, Any]:
    url = fal_client.upload(b"a picture", "image/png", file_name="in put.png")
    result = fal_client.run("fal-ai/flux/dev", {"prompt": "a cat", "image_url": url})
    image = result["images"][0]
    with urllib.request.urlopen(image.pop("url")) as answer:
        return {
            "result": result,
            "type": answer.headers["Content-Type"],
            "bytes": answer.read().hex(),
        }


def cancelled() -> dict[str, Any]:
    handle = fal_client.submit(ANY_LLM, {"prompt": "wait for ever"})
    before = type(handle.status()).__name__
    handle.cancel()
    return {"before": before, "id": handle.request_id, "result": attempt(handle.get)}


def main(url: str, receiver: str) -> dict[str, Any]:
    client_module.RUN_URL_FORMAT = f"{url}/fal.run/"
    client_module.QUEUE_URL_FORMAT = f"{url}/queue.fal.run/"
    client_module.REST_URL = f"{url}/rest.fal.ai"
    client_module.CDN_URL = f"{url}/v3.fal.media"
    hooked = fal_client.submit(ANY_LLM, {"prompt": "call me"}, webhook_url=receiver)
    failed = fal_client.submit(ANY_LLM, {"prompt": "be rude"}, webhook_url=receiver)
    return {
        "queued": subscribed("stand in line"),
        "again": [subscribed("twice") for _ in range(2)],
        "refused": subscribed("be rude"),
        "lost": subscribed("lose the runner"),
        "run": attempt(lambda: fal_client.run(ANY_LLM, {"prompt": "run"})),
        "odd": attempt(lambda: fal_client.run("acme/odd", {"braces": "{{ no }}"})),
        "locked": attempt(lambda: fal_client.run(ANY_LLM, {"prompt": "be locked"})),
        "gateway": attempt(lambda: fal_client.run(ANY_LLM, {"prompt": "pass the gateway"})),
        "stream": streamed(ANY_LLM, "stream"),
        "progress": streamed("acme/progress", "stream"),
        "broken": streamed(ANY_LLM, "break off"),
        "picture": pictured(),
        "cancelled": cancelled(),
        "webhooks": [hooked.request_id, failed.request_id],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:3])))
