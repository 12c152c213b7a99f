"""Clients as their own documentation uses them: nothing here knows of a fake.

The first argument says which client; prints one JSON document.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

LLM = "fal-ai/any-llm"
INPUT = {"prompt": "Write a tagline"}


def fal_client_sync() -> dict[str, Any]:
    import fal_client
    import httpx

    url = fal_client.upload(b"some bytes", "text/plain", file_name="a b.txt")
    with fal_client.SyncClient().realtime("acme/live") as line:
        line.send({"prompt": "hi"})
        received = line.recv()
    return {
        "run": fal_client.run(LLM, INPUT)["output"],
        "subscribe": fal_client.subscribe(LLM, INPUT)["output"],
        "stream": [event["output"] for event in fal_client.stream(LLM, INPUT)],
        "status_url": fal_client.submit(LLM, INPUT).status_url,
        "upload": url,
        "read": httpx.get(url).text,
        "realtime": received,
    }


def fal_client_async() -> dict[str, Any]:
    import fal_client

    async def realtime() -> dict[str, Any]:
        client = fal_client.AsyncClient()
        async with client.realtime("acme/live") as line:
            await line.send({"prompt": "hi"})
            received = await line.recv()
        return {
            "run": (await client.run(LLM, INPUT))["output"],
            "subscribe": (await client.subscribe(LLM, INPUT))["output"],
            "stream": [event["output"] async for event in client.stream(LLM, INPUT)],
            "upload": await client.upload(b"some bytes", "text/plain"),
            "realtime": received,
        }

    return asyncio.run(realtime())


def requests() -> dict[str, Any]:
    import requests as http

    headers = {"Authorization": f"Key {os.environ['FAL_KEY']}"}
    answer = http.post(f"https://fal.run/{LLM}", json=INPUT, headers=headers, timeout=10)
    return {"run": answer.json()["output"], "url": answer.url}


def litellm() -> dict[str, Any]:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks GitHub for a price list
    import litellm as library

    made = library.image_generation(model="fal_ai/fal-ai/flux-pro/v1.1", prompt="a cat")
    return {"image": made.data[0].url}


class _Hub(BaseHTTPRequestHandler):
    """As much of huggingface.co as says which endpoint a model stands for."""

    KNOWN: ClassVar = {
        "speech": ("text-to-speech", "fal-ai/kokoro/american-english"),
        "film": ("text-to-video", "fal-ai/kling-video/v2.1/master"),
    }

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].rsplit("/", 1)[-1]
        task, endpoint = self.KNOWN[name]
        found = {"status": "live", "providerId": endpoint, "task": task}
        answer = {"id": f"acme/{name}", "inferenceProviderMapping": {"fal-ai": found}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def huggingface_hub() -> dict[str, Any]:
    hub = HTTPServer(("127.0.0.1", 0), _Hub)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    os.environ["HF_ENDPOINT"] = f"http://127.0.0.1:{hub.server_port}"
    from huggingface_hub import InferenceClient

    client = InferenceClient(provider="fal-ai", api_key=os.environ["FAL_KEY"])
    return {
        "speech": client.text_to_speech("hi", model="acme/speech")[:4].decode(),
        "film": client.text_to_video("hi", model="acme/film")[4:8].decode(),
    }


if __name__ == "__main__":
    json.dump(globals()[sys.argv[1]](), sys.stdout)
