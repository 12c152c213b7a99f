"""Talks to a fake with whichever fal_client can be imported; prints what the client saw as JSON.

Run as ``python python_client.py URL sync|async OTHER_KEY``, with the client's folder on PYTHONPATH.
Nothing of the client is changed but the constants that say where fal is.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import inspect
import json
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

fal_client: Any = importlib.import_module("fal_client")
client_module: Any = importlib.import_module("fal_client.client")

ANY_LLM = "fal-ai/any-llm"


class Fal:
    """Both faces of the client as one, so that each conversation is written once.

    The sync client runs in threads, as it does in a web server.
    """

    def __init__(self, is_async: bool) -> None:
        self.is_async = is_async
        self.client = fal_client.async_client if is_async else fal_client.sync_client

    def with_key(self, key: str) -> Any:
        """A client of its own with another key."""
        return (fal_client.AsyncClient if self.is_async else fal_client.SyncClient)(key=key)

    async def do(self, name: str, *args: Any, **options: Any) -> Any:
        """Call a function of the module by the name of its sync form."""
        found = getattr(fal_client, f"{name}_async" if self.is_async else name)
        return await self.call(found, *args, **options)

    async def call(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Call a method of a client or a handle."""
        if not self.is_async:
            return await asyncio.to_thread(function, *args, **options)
        result = function(*args, **options)
        return await result if inspect.isawaitable(result) else result

    async def all(self, function: Callable[..., Any], *args: Any, **options: Any) -> list[Any]:
        """Everything that an iterator of the client gives."""
        if not self.is_async:
            return await asyncio.to_thread(lambda: list(function(*args, **options)))
        return [item async for item in function(*args, **options)]

    async def stream(self, prompt: str | None) -> list[Any]:
        """The events of a stream."""
        stream = fal_client.stream_async if self.is_async else fal_client.stream
        return await self.all(stream, ANY_LLM, input_of(prompt))

    async def submit(self, prompt: str | None) -> Any:
        """A handle."""
        return await self.do("submit", ANY_LLM, input_of(prompt))


Flow = Callable[[Fal], Awaitable[dict[str, Any]]]
FLOWS: dict[str, Flow] = {}


def flow(function: Flow) -> Flow:
    """A conversation, under its name."""
    FLOWS[function.__name__] = function
    return function


def input_of(prompt: str | None) -> dict[str, Any]:
    return {} if prompt is None else {"prompt": prompt}


def describe(status: Any) -> dict[str, Any]:
    """A status object as JSON."""
    return {"is": type(status).__name__, **dataclasses.asdict(status)}


def urls(handle: Any) -> dict[str, str]:
    return {name: getattr(handle, f"{name}_url") for name in ("response", "status", "cancel")}


async def attempt(awaitable: Awaitable[Any]) -> dict[str, Any]:
    """A result, or the exception as the program would see it."""
    try:
        return {"result": await awaitable}
    except Exception as error:
        detail = getattr(error, "message", None)
        if detail is None and error.args:
            detail = error.args[0]
        return {
            "raised": type(error).__name__,
            "kinds": [kind.__name__ for kind in type(error).__mro__],
            "text": str(error),
            "detail": detail if isinstance(detail, (str, list, dict)) else str(detail),
            "status_code": getattr(error, "status_code", None),
            "error_type": getattr(error, "error_type", None),
        }


@flow
async def subscribe(fal: Fal) -> dict[str, Any]:
    enqueued: list[str] = []
    updates: list[dict[str, Any]] = []
    result = await fal.do(
        "subscribe",
        ANY_LLM,
        input_of("stand in line"),
        with_logs=True,
        on_enqueue=enqueued.append,
        on_queue_update=lambda status: updates.append(describe(status)),
    )
    return {"enqueued": enqueued, "updates": updates, "result": result}


@flow
async def handle(fal: Fal) -> dict[str, Any]:
    mine = await fal.submit("say hello")
    first = await fal.call(mine.status)
    result = await fal.call(mine.get)
    by_id = await fal.call(fal.client.get_handle, ANY_LLM, mine.request_id)
    statuses = [await fal.call(by_id.status, with_logs=True) for _ in range(2)]
    return {
        "request_id": mine.request_id,
        "urls": urls(mine),
        "same_handle": by_id == mine,
        "first": describe(first),
        "events": [describe(event) for event in await fal.all(mine.iter_events)],
        "statuses": [describe(status) for status in statuses],
        "same_status": statuses[0] == statuses[1],
        "status_by_id": describe(await fal.do("status", ANY_LLM, mine.request_id)),
        "results": [result, await fal.do("result", ANY_LLM, mine.request_id)],
    }


@flow
async def cancel_in_queue(fal: Fal) -> dict[str, Any]:
    stuck = await fal.submit("wait for ever")
    before = describe(await fal.call(stuck.status))
    cancelled = await attempt(fal.call(stuck.cancel))
    return {
        "before": before,
        "cancelled": cancelled,
        "again": await attempt(fal.do("cancel", ANY_LLM, stuck.request_id)),
        "after": describe(await fal.call(stuck.status)),
        "result": await attempt(fal.call(stuck.get)),
    }


@flow
async def cancel_running(fal: Fal) -> dict[str, Any]:
    running = await fal.submit("cannot be stopped")
    cancelled = await attempt(fal.call(running.cancel))
    return {"cancelled": cancelled, "result": await attempt(fal.call(running.get))}


@flow
async def cancel_completed(fal: Fal) -> dict[str, Any]:
    done = await fal.submit("say hello")
    await fal.call(done.get)
    return {
        "cancelled": await attempt(fal.call(done.cancel)),
        "result": await attempt(fal.call(done.get)),
    }


@flow
async def deadline(fal: Fal) -> dict[str, Any]:
    if "client_timeout" not in inspect.signature(fal_client.subscribe).parameters:
        return {"unsupported": True}
    ids: list[str] = []
    waiting = fal.do(
        "subscribe",
        ANY_LLM,
        input_of("wait for ever"),
        client_timeout=1.01,
        on_enqueue=ids.append,
    )
    return {
        "outcome": await attempt(waiting),
        "after": describe(await fal.do("status", ANY_LLM, ids[0])),
    }


@flow
async def stream(fal: Fal) -> dict[str, Any]:
    return {
        "words": await fal.stream("stream words"),
        "characters": await fal.stream("stream characters"),
    }


@flow
async def invalid(fal: Fal) -> dict[str, Any]:
    return {
        "run": await attempt(fal.do("run", ANY_LLM, input_of(None))),
        "subscribe": await attempt(fal.do("subscribe", ANY_LLM, input_of(None))),
        "stream": await attempt(fal.stream(None)),
    }


@flow
async def failed(fal: Fal) -> dict[str, Any]:
    broken = await fal.submit("break down")
    statuses = [describe(event) for event in await fal.all(broken.iter_events)]
    return {
        "statuses": statuses,
        "result": await attempt(fal.call(broken.get)),
        "run": await attempt(fal.do("run", ANY_LLM, input_of("break down"))),
        "flagged": await attempt(fal.do("subscribe", ANY_LLM, input_of("something rude"))),
        "flagged_run": await attempt(fal.do("run", ANY_LLM, input_of("something rude"))),
    }


@flow
async def recovery(fal: Fal) -> dict[str, Any]:
    outcomes = [
        await attempt(fal.do("subscribe", ANY_LLM, input_of("try again"))) for _ in range(4)
    ]
    return {
        "asked": outcomes,
        "gateway": await attempt(fal.do("run", ANY_LLM, input_of("pass the gateway"))),
        "limit": await attempt(fal.do("run", ANY_LLM, input_of("pass the limit"))),
    }


@flow
async def other_endpoints(fal: Fal) -> dict[str, Any]:
    arguments = {"prompt": "ein Kätzchen"}
    image = await fal.do("submit", "fal-ai/flux/dev", arguments)
    by_path = await fal.do("submit", "fal-ai/flux", arguments, path="/dev")
    flow = await fal.do("submit", "workflows/acme/pipeline", {})
    return {
        "urls": urls(image),
        "image": await fal.call(image.get),
        "by_id": await fal.do("result", "fal-ai/flux/dev", image.request_id),
        "by_path": await fal.call(by_path.get),
        "run": await fal.do("run", "fal-ai/flux/dev", arguments),
        "workflow_urls": urls(flow),
        "workflow": await fal.call(flow.get),
        "workflow_by_id": await fal.do("result", "workflows/acme/pipeline", flow.request_id),
    }


@flow
async def lanes(fal: Fal) -> dict[str, Any]:
    option_sets: dict[str, dict[str, Any]] = {
        "plain": {},
        "low": {"priority": "low"},
        "hinted": {"hint": "warm"},
        "hurried": {"start_timeout": 30},
        "red": {"headers": {"X-Team": "red"}},
    }
    known = inspect.signature(fal_client.subscribe).parameters
    return {
        lane: (await fal.do("subscribe", "acme/lanes", {}, **options))["lane"]
        for lane, options in option_sets.items()
        if set(options) <= set(known)
    }


@flow
async def miss(fal: Fal) -> dict[str, Any]:
    prompt = input_of("stand in lime")
    return {
        "run": await attempt(fal.do("run", ANY_LLM, prompt)),
        "submit": await attempt(fal.do("submit", ANY_LLM, prompt)),
        "unknown_app": await attempt(fal.do("run", "acme/nothing", {})),
    }


@flow
async def two_keys(fal: Fal) -> dict[str, Any]:
    question = ("run", ANY_LLM, input_of("who am I"))
    other = fal.with_key(sys.argv[3])
    mine = [(await fal.do(*question))["output"] for _ in range(2)]
    others = [(await fal.call(other.run, *question[1:]))["output"] for _ in range(2)]
    hidden = await fal.submit("say hello")
    return {
        "mine": mine,
        "others": others,
        "foreign": await attempt(fal.call(other.status, ANY_LLM, hidden.request_id)),
    }


async def safely(name: str, fal: Fal) -> tuple[str, dict[str, Any]]:
    try:
        return name, await FLOWS[name](fal)
    except Exception:
        return name, {"crashed": traceback.format_exc()}


async def main(url: str, is_async: bool) -> dict[str, Any]:
    client_module.RUN_URL_FORMAT = f"{url}/fal.run/"
    client_module.QUEUE_URL_FORMAT = f"{url}/queue.fal.run/"
    client_module.REALTIME_URL_FORMAT = f"{url.replace('http', 'ws', 1)}/fal.run/"
    client_module.REST_URL = f"{url}/rest.fal.ai"
    client_module.CDN_URL = f"{url}/v3.fal.media"
    fal = Fal(is_async)
    return dict(await asyncio.gather(*(safely(name, fal) for name in FLOWS)))


if __name__ == "__main__":
    talked = asyncio.run(main(sys.argv[1], sys.argv[2] == "async"))
    sys.stdout.write(json.dumps(talked))
