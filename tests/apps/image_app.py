"""A small web app: it orders images through fal's queue, and a webhook reports the results."""

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
TOLERANCE_SECONDS = 300


def is_valid(headers: Any, body: bytes) -> bool:
    """Whether a webhook is signed by fal, by the recipe of its documentation."""
    names = ("request-id", "user-id", "timestamp", "signature")
    request_id, user_id, stamp, signature = (headers.get(f"x-fal-webhook-{name}") for name in names)
    if not (request_id and user_id and stamp and signature):
        return False
    if abs(time.time() - int(stamp)) > TOLERANCE_SECONDS:
        return False
    message = "\n".join((request_id, user_id, stamp, sha256(body).hexdigest())).encode()
    for key in httpx.get(JWKS).json()["keys"]:
        try:
            public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(key["x"]))
            public.verify(bytes.fromhex(signature), message)
        except (InvalidSignature, ValueError):
            continue
        return True
    return False


def make_app(*, verifies: bool = True, counts_once: bool = True) -> FastAPI:
    """The app; without ``verifies`` or ``counts_once`` it has a common bug."""
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
    def status(id_: str) -> dict[str, Any]:
        return orders[id_]

    @app.post("/done", name="done")
    async def done(request: Request) -> dict[str, str]:
        body = await request.body()
        if verifies and not is_valid(request.headers, body):
            raise HTTPException(401, "not from fal")
        payload = json.loads(body)
        image = orders.get(payload["request_id"])
        if image is None:
            raise HTTPException(404, "never ordered")
        if counts_once and image["state"] != "ordered":
            return {"result": "duplicate"}
        if payload["status"] == "OK":
            image.update(state="ready", url=payload["payload"]["images"][0]["url"])
            app.state.credits -= 1
        else:
            image.update(state="failed", why=payload.get("error"))
        return {"result": "accepted"}

    return app
