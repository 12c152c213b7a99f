"""Holds a conversation for each situation with fal_client; prints what came of it as JSON.

Run as ``python situations.py URL`` with the situations as JSON on standard input. Nothing of the
client is changed but the constants that say where fal is and how long the first retry waits.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

fal_client: Any = importlib.import_module("fal_client")
module: Any = importlib.import_module("fal_client.client")

ANY_LLM = "fal-ai/any-llm"
INPUT = {"prompt": "hi"}
FOREIGN = "019b0000-0000-7000-8000-000000000000"
TIMEOUT_SECONDS = 20.0
"""How long a conversation may take before it counts as one that never ends."""

URL = sys.argv[1]


class Flows:
    """One conversation, with a key of its own."""

    def __init__(self, key: str, receiver: str) -> None:
        self.key = key
        self.receiver = receiver
        self.fal = fal_client.SyncClient(key=key)

    def raw(self, method: str, path: str, **more: Any) -> str:
        """A request that the client has no method for."""
        headers = {"Authorization": f"Key {self.key}"}
        answer = httpx.request(method, f"{URL}{path}", headers=headers, **more)
        return f"{answer.status_code} {answer.text}"

    def subscribe(self) -> Any:
        return self.fal.subscribe(ANY_LLM, INPUT)

    watched = subscribe

    def twice(self) -> Any:
        return f"{attempt(self.subscribe)}; then {attempt(self.subscribe)}"

    def run(self) -> Any:
        return self.fal.run(ANY_LLM, INPUT)

    def stream(self) -> Any:
        events = []
        try:
            for event in self.fal.stream(ANY_LLM, INPUT):
                events.append(event)
        except Exception as error:
            return f"{len(events)} events, then {describe(error)}"
        return f"{len(events)} events, last {json.dumps(events[-1])}"

    def unknown_key(self) -> Any:
        return self.fal.run(ANY_LLM, {**INPUT, "promt": "typo"})

    def short_queue(self) -> Any:
        return self.fal.submit(ANY_LLM, INPUT, path="?fal_max_queue_length=100")

    def foreign_id(self) -> Any:
        return self.fal.status(ANY_LLM, FOREIGN)

    def full_path(self) -> Any:
        handle = self.fal.submit(f"{ANY_LLM}/vision", INPUT)
        full = f"/queue.fal.run/{ANY_LLM}/vision/requests/{handle.request_id}/status"
        return f"raw GET: {self.raw('GET', full)}"

    def start_timeout(self) -> Any:
        return self.fal.subscribe(ANY_LLM, INPUT, start_timeout=30)

    def early(self) -> Any:
        handle = self.fal.submit(ANY_LLM, INPUT)
        return f"raw GET: {self.raw('GET', handle.response_url.removeprefix(URL))[:3]}; " + attempt(
            handle.get
        )

    def cancel(self) -> Any:
        handle = self.fal.submit(ANY_LLM, INPUT)
        handle.cancel()
        return handle.get()

    def cancel_running(self) -> Any:
        handle = self.fal.submit(ANY_LLM, INPUT)
        while type(handle.status()).__name__ == "Queued":
            pass
        handle.cancel()
        return handle.get()

    def cancel_done(self) -> Any:
        handle = self.fal.submit(ANY_LLM, INPUT)
        handle.get()
        return handle.cancel()

    def an_hour_later(self) -> Any:
        handle = self.fal.submit(ANY_LLM, INPUT)
        handle.get()
        self.raw("POST", "/_fakefal/clock/advance", json={"by": "1h"})
        return handle.get()

    def webhook(self) -> Any:
        return self.fal.submit(ANY_LLM, INPUT, webhook_url=self.receiver).get()

    def webhook_early(self) -> Any:
        self.fal.submit(ANY_LLM, INPUT, webhook_url=self.receiver)
        return f"at the answer of submit {self.attempts()} attempt was over"

    def webhook_pair(self) -> Any:
        for _ in "ab":
            self.fal.submit(ANY_LLM, INPUT, webhook_url=self.receiver)
        return "submits a, then b"

    def webhook_public(self) -> Any:
        self.fal.submit(ANY_LLM, {"prompt": "other"}, webhook_url="https://93.184.216.34/hook")
        return self.webhook()

    def webhook_inside(self) -> Any:
        return self.fal.subscribe(ANY_LLM, {**INPUT, "webhook_url": self.receiver})

    def attempts(self) -> int:
        """How many attempts the fake has made."""
        describe = json.loads(self.raw("GET", "/_fakefal/webhooks")[4:])
        return sum(len(delivery["attempts"]) for delivery in describe)

    def upload(self) -> Any:
        url = self.fal.upload(b"a cat", "text/plain", "cat.txt")
        return f"read back: {self.raw('GET', url.removeprefix(URL))}"

    def download(self) -> Any:
        result = self.fal.run("fal-ai/flux", INPUT)
        url = (
            result["images"][0]["url"]
            if "images" in result
            else self.fal.upload(b"12345678", "text/plain")
        )
        describe = attempt(lambda: self.raw("GET", url.removeprefix(URL)))
        return f"httpx: {describe}"

    def billed(self) -> Any:
        try:
            return self.subscribe()
        except module.FalClientHTTPError as error:
            return f"{describe(error)}; units {error.response_headers['x-fal-billable-units']}"


def attempt(function: Callable[[], Any]) -> str:
    """A result or an exception in a few words."""
    try:
        result = function()
    except Exception as error:
        return describe(error)
    return result if isinstance(result, str) else f"returns {json.dumps(result)}"


def describe(error: Exception) -> str:
    status = getattr(error, "status_code", None)
    word = getattr(error, "error_type", None)
    code = "" if status is None else f" {status}"
    suffix = f" ({word})" if word else ""
    return f"{type(error).__name__}{code}{suffix}: {error}"


def hold(row: dict[str, Any], found: dict[str, str]) -> None:
    flow = getattr(Flows(row["key"], row.get("receiver", "")), row["flow"], None)
    found[row["key"]] = "" if flow is None else attempt(flow)


def main() -> None:
    module.RUN_URL_FORMAT = f"{URL}/fal.run/"
    module.QUEUE_URL_FORMAT = f"{URL}/queue.fal.run/"
    module.REST_URL = f"{URL}/rest.fal.ai"
    module.CDN_URL = f"{URL}/v3.fal.media"
    module.BASE_DELAY = 0.001
    rows = json.load(sys.stdin)
    found: dict[str, str] = {}
    threads = [threading.Thread(target=hold, args=(row, found), daemon=True) for row in rows]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + TIMEOUT_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    for row in rows:
        found.setdefault(row["key"], "waits for ever")
    sys.stdout.write(json.dumps(found))
    sys.stdout.flush()
    os._exit(0)  # some conversations never end


main()
