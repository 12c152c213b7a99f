"""Requests for uploads and files over HTTP."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

from tests.callers import Caller, ClientResponse

REST = "rest.fal.ai"
V3 = "v3.fal.media"
V3B = "v3b.fal.media"
FIRST = "fal.media"
UPLOAD = {"file_name": "cat.png", "content_type": "image/png"}


async def cdn_token(caller: Caller, **options: Any) -> str:
    """Request a CDN token."""
    response = await caller.request("POST", "/storage/auth/token", host=REST, json={}, **options)
    assert response.status == 200, response.body
    return str(response.json["token"])


async def bearer_header(caller: Caller, **options: Any) -> dict[str, str]:
    """The Authorization header of uploads."""
    return {"Authorization": f"Bearer {await cdn_token(caller, **options)}"}


async def upload_file(
    caller: Caller, data: bytes = b"bytes", *, key: str = "id:secret", **headers: str
) -> str:
    """Upload a file as the Python client, and return its URL."""
    all_headers = {**await bearer_header(caller, key=key), "Content-Type": "image/png", **headers}
    response = await caller.request(
        "POST", "/files/upload", host=V3, key=None, headers=all_headers, data=io.BytesIO(data)
    )
    assert response.status == 200, response.body
    return str(response.json["access_url"])


async def initiate_upload(caller: Caller, way: str = "initiate", **options: Any) -> dict[str, str]:
    """Start an upload as the JavaScript client, and return its two URLs."""
    path = f"/storage/upload/{way}?storage_type=fal-cdn-v3"
    response = await caller.request("POST", path, host=REST, json=UPLOAD, **options)
    assert response.status == 200, response.body
    urls: dict[str, str] = response.json
    return urls


async def request_url(caller: Caller, method: str, url: str, **options: Any) -> ClientResponse:
    """Request a URL as a response gave it, without a key."""
    parts = urlsplit(url)
    host = parts.hostname if parts.scheme == "https" else None
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return await caller.request(method, path, **{"host": host, "key": None, **options})
