"""The servers that are measured, each a process of its own: ``python -m benchmarks.servers NAME``.

``bare`` is what somebody would write by hand with aiohttp: the same requests with an in-memory
queue, no validation, no matching, no journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from itertools import count
from typing import Any

from aiohttp import web

WORDS = 200
TEXT = " ".join(f"word{number}" for number in range(WORDS))
OUTPUT = {"output": "Ship it.", "reasoning": None, "partial": False, "error": None}


def bare_application() -> web.Application:
    """Three handlers around a dict, one that runs, and one that streams event by event."""
    jobs: dict[str, Any] = {}
    ids = count()

    async def submit(request: web.Request) -> web.Response:
        arguments = await request.json()
        job_id = f"019b7966-ecf6-7308-bffa-{next(ids):012d}"
        jobs[job_id] = arguments
        base = f"http://{request.host}/queue.fal.run/fal-ai/any-llm/requests/{job_id}"
        body: dict[str, Any] = {
            "status": "IN_QUEUE",
            "request_id": job_id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
            "logs": None,
            "metrics": {},
            "queue_position": 0,
        }
        return web.json_response(body, headers={"x-fal-request-id": job_id})

    async def status(request: web.Request) -> web.Response:
        job_id = request.match_info["id"]
        if job_id not in jobs:
            return web.json_response({"status": "NOT_FOUND"}, status=404)
        base = f"http://{request.host}/queue.fal.run/fal-ai/any-llm/requests/{job_id}"
        body = {
            "status": "COMPLETED",
            "request_id": job_id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
            "logs": None,
            "metrics": {"inference_time": 0.5},
        }
        return web.json_response(body, headers={"x-fal-request-id": job_id})

    async def result(request: web.Request) -> web.Response:
        job_id = request.match_info["id"]
        if jobs.pop(job_id, None) is None:
            return web.json_response({"status": "NOT_FOUND"}, status=404)
        return web.json_response(OUTPUT, headers={"x-fal-request-id": job_id})

    async def run(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(OUTPUT)

    words = TEXT.split()
    events = [
        f'event: event\r\ndata: {{"output":"{" ".join(words[: end + 1])}","reasoning":null,'
        '"partial":true,"error":null}\r\n\r\n'.encode()
        for end in range(WORDS)
    ]

    async def stream(request: web.Request) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in events:
            await response.write(event)
        await response.write_eof()
        return response

    application = web.Application()
    queue = "/queue.fal.run/fal-ai/any-llm"
    application.router.add_post(queue, submit)
    application.router.add_get(f"{queue}/requests/{{id}}/status", status)
    application.router.add_get(f"{queue}/requests/{{id}}", result)
    application.router.add_post("/fal.run/fal-ai/any-llm", run)
    application.router.add_post("/fal.run/fal-ai/any-llm/stream", stream)
    return application


def scenario(exchanges: int) -> dict[str, Any]:
    """Exchanges of which the last but one answers; the last is for the stream."""
    others = [
        {
            "when": {"endpoint": "fal-ai/any-llm", "input": {"prompt": f"prompt {number}"}},
            "reply": {"text": f"answer {number}"},
        }
        for number in range(exchanges - 2)
    ]
    chosen = {
        "when": {"endpoint": "fal-ai/any-llm", "input": {"prompt": "Write a tagline"}},
        "reply": {"text": "Ship it.", "timeline": []},
    }
    long = {
        "when": {"endpoint": "fal-ai/any-llm", "input": {"prompt": "stream"}},
        "reply": {"text": TEXT},
    }
    return {"fakefal": 1, "exchanges": [*others, chosen, long]}


async def _bare() -> None:
    runner = web.AppRunner(bare_application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def _fakefal(exchanges: int) -> None:
    from fakefal import FakeFalServer

    async with FakeFalServer(scenario(exchanges)) as fake:
        print(fake.port, flush=True)
        await asyncio.Event().wait()


def main(name: str, exchanges: int, loop: str) -> None:
    """Serve until killed; prints the port first."""
    serving = _bare() if name == "bare" else _fakefal(exchanges)
    with contextlib.suppress(KeyboardInterrupt):
        if loop == "uvloop":
            import uvloop

            uvloop.run(serving)
        else:
            asyncio.run(serving)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
