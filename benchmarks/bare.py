"""What somebody would write by hand: ``python -m benchmarks.bare PORT`` serves it on uvloop.

The same requests around a dict: no validation, no matching, no journal. The stream is one write.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from itertools import count
from typing import Any

from aiohttp import web

from benchmarks.workloads import OUTPUT, WORDS

QUEUE = "/queue.fal.run/fal-ai/any-llm"


class BareQueue:
    """Submit, status and result of jobs that are complete at once."""

    def __init__(self) -> None:
        self._jobs: dict[str, Any] = {}
        self._ids = count()

    async def submit(self, request: web.Request) -> web.Response:
        """Keep the input under a new id."""
        request_id = f"019b7966-ecf6-7308-bffa-{next(self._ids):012d}"
        self._jobs[request_id] = await request.json()
        body = {**self._status(request, request_id, "IN_QUEUE"), "queue_position": 0}
        return web.json_response(body, headers={"x-fal-request-id": request_id})

    async def status(self, request: web.Request) -> web.Response:
        """COMPLETED, or 404."""
        request_id = request.match_info["id"]
        if request_id not in self._jobs:
            return web.json_response({"status": "NOT_FOUND"}, status=404)
        body = {
            **self._status(request, request_id, "COMPLETED"),
            "metrics": {"inference_time": 0.5},
        }
        return web.json_response(body, headers={"x-fal-request-id": request_id})

    async def result(self, request: web.Request) -> web.Response:
        """The output, which ends the job."""
        request_id = request.match_info["id"]
        if self._jobs.pop(request_id, None) is None:
            return web.json_response({"status": "NOT_FOUND"}, status=404)
        return web.json_response(OUTPUT, headers={"x-fal-request-id": request_id})

    @staticmethod
    def _status(request: web.Request, request_id: str, status: str) -> dict[str, Any]:
        base = f"http://{request.host}{QUEUE}/requests/{request_id}"
        return {
            "status": status,
            "request_id": request_id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
            "logs": None,
            "metrics": {},
        }


async def run(request: web.Request) -> web.Response:
    """A direct run."""
    await request.read()
    return web.json_response(OUTPUT)


async def stream(request: web.Request) -> web.StreamResponse:
    """The events of any-llm, each with the text so far, joined in one write."""
    await request.read()
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    events = []
    text = ""
    for word in WORDS:
        text = f"{text} {word}" if text else word
        data = f'{{"output":"{text}","reasoning":null,"partial":true,"error":null}}'
        events.append(f"event: event\r\ndata: {data}\r\n\r\n")
    await response.write("".join(events).encode())
    await response.write_eof()
    return response


def application() -> web.Application:
    """The five routes."""
    queue = BareQueue()
    app = web.Application()
    app.router.add_post(QUEUE, queue.submit)
    app.router.add_get(f"{QUEUE}/requests/{{id}}/status", queue.status)
    app.router.add_get(f"{QUEUE}/requests/{{id}}", queue.result)
    app.router.add_post("/fal.run/fal-ai/any-llm", run)
    app.router.add_post("/fal.run/fal-ai/any-llm/stream", stream)
    return app


async def serve(port: int) -> None:
    """Serve until cancelled."""
    runner = web.AppRunner(application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    import uvloop

    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(int(sys.argv[1])))
