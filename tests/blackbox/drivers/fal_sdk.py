"""Talks to a fake with ``fal.apps`` of the fal SDK; prints what it saw as JSON.

Run as ``python fal_sdk.py URL``, with the interpreter of an environment that has ``fal``. Nothing
of it is changed but the constants that say where fal is.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

apps: Any = importlib.import_module("fal.apps")

ANY_LLM = "fal-ai/any-llm"
Flow = Callable[[], dict[str, Any]]


def describe(status: Any) -> dict[str, Any]:
    """A status object as JSON."""
    return {"is": type(status).__name__, **dataclasses.asdict(status)}


def attempt(function: Callable[[], Any]) -> dict[str, Any]:
    """A result, or the exception as the program would see it."""
    try:
        return {"result": function()}
    except Exception as error:
        response = getattr(error, "response", None)
        return {
            "raised": type(error).__name__,
            "text": str(error),
            "status_code": getattr(response, "status_code", None),
            "body": None if response is None else response.json(),
        }


def subscribe() -> dict[str, Any]:
    handle = apps.submit(ANY_LLM, {"prompt": "stand in line"})
    events = [describe(event) for event in handle.iter_events(logs=True)]
    return {
        "events": events,
        "status": describe(handle.status(logs=True)),
        "result": handle.fetch_result(),
        "again": handle.fetch_result(),
    }


def hour() -> dict[str, Any]:
    handle = apps.submit(ANY_LLM, {"prompt": "take an hour"})
    return {
        "events": [describe(event) for event in handle.iter_events(logs=True)],
        "status": describe(handle.status(logs=True)),
        "result": handle.fetch_result(),
    }


def run() -> dict[str, Any]:
    return {
        "text": apps.run(ANY_LLM, {"prompt": "say hello"}),
        "image": apps.run("fal-ai/flux/dev", {"prompt": "cat"}),
        "by_path": apps.run("fal-ai/flux", {"prompt": "cat"}, path="/dev"),
        "workflow": apps.run("workflows/acme/pipeline", {}),
    }


def early() -> dict[str, Any]:
    handle = apps.submit(ANY_LLM, {"prompt": "say hello"})
    return {"early": attempt(handle.fetch_result), "first": describe(handle.status())}


def cancel() -> dict[str, Any]:
    stuck = apps.submit(ANY_LLM, {"prompt": "wait for ever"})
    done = apps.submit(ANY_LLM, {"prompt": "say hello"})
    done.get()
    return {
        "before": describe(stuck.status()),
        "cancelled": attempt(stuck.cancel),
        "after": describe(stuck.status()),
        "result": attempt(stuck.get),
        "completed": attempt(done.cancel),
    }


def stream() -> dict[str, Any]:
    lines = apps.stream(ANY_LLM, {"prompt": "stream characters"}, path="/stream")
    return {
        "lines": list(lines),
        "invalid": attempt(lambda: list(apps.stream(ANY_LLM, {}, path="/stream"))),
    }


def failed() -> dict[str, Any]:
    broken = apps.submit(ANY_LLM, {"prompt": "break down"})
    result = attempt(broken.get)
    return {
        "status": describe(broken.status()),
        "result": result,
        "flagged": attempt(lambda: apps.run(ANY_LLM, {"prompt": "something rude"})),
        "invalid": attempt(lambda: apps.run(ANY_LLM, {})),
        "miss": attempt(lambda: apps.run(ANY_LLM, {"prompt": "stand in lime"})),
    }


def realtime() -> dict[str, Any]:
    with apps._connect(ANY_LLM) as connection:
        arguments = {"prompt": "say hello"}
        return {"outputs": [connection.run(arguments)["output"] for _ in range(2)]}


FLOWS: tuple[Flow, ...] = (subscribe, hour, run, early, cancel, stream, failed, realtime)


def safely(flow: Flow) -> dict[str, Any]:
    try:
        return flow()
    except Exception:
        return {"crashed": traceback.format_exc()}


def main(url: str) -> dict[str, Any]:
    apps._STREAM_URL_FORMAT = f"{url}/fal.run/{{app_id}}"
    apps._QUEUE_URL_FORMAT = f"{url}/queue.fal.run/{{app_id}}"
    apps._REALTIME_URL_FORMAT = f"{url.replace('http', 'ws', 1)}/fal.run/{{app_id}}"
    apps._WS_URL_FORMAT = f"{url.replace('http', 'ws', 1)}/ws.fal.run/{{app_id}}"
    with ThreadPoolExecutor(len(FLOWS)) as pool:
        names = (flow.__name__ for flow in FLOWS)
        return dict(zip(names, pool.map(safely, FLOWS), strict=True))


if __name__ == "__main__":
    talked = main(sys.argv[1])
    sys.stdout.write(json.dumps(talked))
