"""A small web app: it has images made through fal's queue and hears by webhook when they are."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Any

import fal_client
import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import FastAPI, HTTPException, Request

JWKS = "https://rest.fal.ai/.well-known/jwks.json"
MOST_SECONDS = 300


def is_genuine(headers: Any, body: bytes) -> bool:
    """Whether a webhook is fal's, as its documentation says."""
    names = ("request-id", "user-id", "timestamp", "signature")
    request_id, user_id, stamp, signature = (headers.get(f"x-fal-webhook-{it}") for it in names)
    if not (request_id and user_id and stamp and signature):
        return False
    if abs(time.time() - int(stamp)) > MOST_SECONDS:
        return False
    message = "\n".join((request_id, user_id, stamp, sha256(body).hexdigest())).encode()
    for key in httpx.get(JWKS).json()["keys"]:
        try:
            public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(key["x"] + "=="))
            public.verify(bytes.fromhex(signature), message)
        except (InvalidSignature, ValueError):
            continue
        return True
    return False


def make_app(*, verifies: bool = True, counts_once: bool = True) -> FastAPI:
    """The app; without ``verifies`` or ``counts_once`` it has a bug of many that were seen."""
    app = FastAPI()
    orders: dict[str, dict[str, Any]] = {}
    app.state.credits = 10

    @app.post("/images")
    def order(prompt: str, request: Request) -> dict[str, str]:
        url = str(request.url_for("done"))
        try:
            job = fal_client.submit("fal-ai/flux/dev", {"prompt": prompt}, webhook_url=url)
        except fal_client.client.FalClientHTTPError as error:
            raise HTTPException(503, "images cannot be made now") from error
        orders[job.request_id] = {"state": "ordered"}
        return {"id": job.request_id}

    @app.get("/images/{id_}")
    def look(id_: str) -> dict[str, Any]:
        return orders[id_]

    @app.post("/done", name="done")
    async def done(request: Request) -> dict[str, str]:
        body = await request.body()
        if verifies and not is_genuine(request.headers, body):
            raise HTTPException(401, "not from fal")
        told = json.loads(body)
        found = orders.get(told["request_id"])
        if found is None:
            raise HTTPException(404, "never ordered")
        if counts_once and found["state"] != "ordered":
            return {"told": "before"}
        if told["status"] == "OK":
            found.update(state="ready", url=told["payload"]["images"][0]["url"])
            app.state.credits -= 1
        else:
            found.update(state="failed", why=told.get("error"))
        return {"told": "thanks"}

    return app
