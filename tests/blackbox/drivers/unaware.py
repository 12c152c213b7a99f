"""fal_client in each of its ways, knowing nothing of a fake: what it saw, as JSON.

Run as ``python unaware.py sync`` or ``async``; the environment says where it is led.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

import fal_client
import httpx

APP = "fal-ai/any-llm"


def sync() -> dict[str, Any]:
    return {
        "subscribe": attempt(lambda: fal_client.subscribe(APP, {"prompt": "Write a tagline"})),
        "run": attempt(lambda: fal_client.run(APP, {"prompt": "Write a tagline"})),
        "urls": attempt(lambda: urls(fal_client.submit(APP, {"prompt": "Write a tagline"}))),
        "stream": attempt(lambda: list(fal_client.stream(APP, {"prompt": "Write a tagline"}))[-1]),
        "upload": attempt(uploaded),
        "realtime": attempt(talked),
    }


def uploaded() -> list[str]:
    url = fal_client.upload(b"some text", "text/plain", "a.txt")
    return [url, httpx.get(url).text]


def talked() -> Any:
    with fal_client.realtime(APP) as line:
        line.send({"prompt": "Write a tagline"})
        return line.recv()


def urls(handle: Any) -> list[str]:
    return [handle.status_url, handle.response_url, handle.cancel_url]


def attempt(what: Callable[[], Any]) -> Any:
    try:
        return what()
    except Exception:
        return {"crashed": traceback.format_exc()}


async def asynchronous() -> dict[str, Any]:
    client = fal_client.AsyncClient()

    async def last() -> Any:
        return [event async for event in client.stream(APP, {"prompt": "Write a tagline"})][-1]

    async def up() -> list[str]:
        url = await client.upload(b"some text", "text/plain", "a.txt")
        async with httpx.AsyncClient() as reader:
            return [url, (await reader.get(url)).text]

    async def realtime() -> Any:
        async with client.realtime(APP) as line:
            await line.send({"prompt": "Write a tagline"})
            return await line.recv()

    found: dict[str, Any] = {}
    for name, step in (
        ("subscribe", lambda: client.subscribe(APP, {"prompt": "Write a tagline"})),
        ("run", lambda: client.run(APP, {"prompt": "Write a tagline"})),
        ("stream", last),
        ("upload", up),
        ("realtime", realtime),
    ):
        try:
            found[name] = await step()
        except Exception:
            found[name] = {"crashed": traceback.format_exc()}
    handle = await client.submit(APP, {"prompt": "Write a tagline"})
    return {**found, "urls": urls(handle)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(sync() if sys.argv[1] == "sync" else asyncio.run(asynchronous())))
