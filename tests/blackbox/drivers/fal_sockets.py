"""Talks to a fake over WebSockets with ``fal.apps``; prints what it saw as JSON.

Run as ``python fal_sockets.py URL``; without a URL nothing is changed, and the environment leads to
the fake. The first two programs are those of fal's own page about HTTP
over WebSockets, asking any-llm several things before the first answer is read.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
from typing import Any

apps: Any = importlib.import_module("fal.apps")

ANY_LLM = "fal-ai/any-llm"
WORDS = [f"question {number}" for number in range(5)]


def send_prompts(connection: Any, *prompts: str) -> None:
    for prompt in prompts:
        connection.send({"model": "google/gemini-flash-1.5", "prompt": prompt})


def pipelined() -> dict[str, Any]:
    with apps.ws(ANY_LLM) as connection:
        send_prompts(connection, *WORDS)
        return {"answers": [json.loads(connection.recv()) for _ in WORDS]}


def streamed() -> dict[str, Any]:
    with apps.ws(ANY_LLM, path="/stream") as connection:
        send_prompts(connection, *WORDS)
        return {"answers": ["".join(it.decode() for it in connection.stream()) for _ in WORDS]}


def failures() -> dict[str, Any]:
    found = []
    with apps.ws(ANY_LLM) as connection:
        send_prompts(connection, "flagged", "unlucky", "fine")
        connection.send({"model": 5})
        connection._ws.send("not JSON")
        connection._ws.send(b'{"prompt": "in a binary frame"}')
        for _ in range(6):
            start = json.loads(connection._peek())
            found.append([start["status"], start["headers"], connection.recv().decode()])
    return {"answers": found}


def broken() -> dict[str, Any]:
    with apps.ws(ANY_LLM) as connection:
        send_prompts(connection, "fine", "break", "never answered")
        first = json.loads(connection.recv())["output"]
        try:
            connection.recv()
        except Exception as error:
            return {"first": first, "raised": type(error).__name__}
    return {"first": first, "raised": ""}


def cut() -> dict[str, Any]:
    events = []
    with apps.ws(ANY_LLM, path="/stream") as connection:
        send_prompts(connection, "unlucky")
        try:
            for event in connection.stream():
                events.append(event.decode())
        except Exception as error:
            return {"events": len(events), "raised": type(error).__name__}
    return {"events": len(events), "raised": ""}


def command_line() -> dict[str, Any]:
    """``fal api``, which streams where the endpoint ends in /stream."""
    cli: Any = importlib.import_module("fal.cli.main")
    found = {}
    for endpoint in (f"{ANY_LLM}/stream", ANY_LLM, "workflows/acme/story/stream"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            cli.main(["api", endpoint, "prompt=hello"])
        found[endpoint] = printed.getvalue()
    return found


def frames() -> dict[str, Any]:
    """``fal.apps`` has no raw socket of its own; its realtime one passes frames as they come."""
    with apps._connect("acme/chat", path="/ws") as connection:
        return {"first": json.loads(connection._ws.recv())}


def main(url: str = "") -> dict[str, Any]:
    if not url:
        return {flow.__name__: flow() for flow in (pipelined, streamed)}
    socket = url.replace("http", "ws", 1)
    apps._REALTIME_URL_FORMAT = f"{socket}/fal.run/{{app_id}}"
    apps._STREAM_URL_FORMAT = f"{url}/fal.run/{{app_id}}"
    apps._QUEUE_URL_FORMAT = f"{url}/queue.fal.run/{{app_id}}"
    apps._WS_URL_FORMAT = f"{socket}/ws.fal.run/{{app_id}}"
    flows = (pipelined, streamed, failures, broken, cut, frames, command_line)
    return {flow.__name__: flow() for flow in flows}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
