"""Asking for uploads and files over HTTP: what the tests of the hosts of files share."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

from tests.callers import Caller, Heard

REST = "rest.fal.ai"
V3 = "v3.fal.media"
V3B = "v3b.fal.media"
FIRST = "fal.media"
ASKED = {"file_name": "cat.png", "content_type": "image/png"}


async def token(caller: Caller, **more: Any) -> str:
    """A CDN token."""
    heard = await caller.ask("POST", "/storage/auth/token", host=REST, json={}, **more)
    assert heard.status == 200, heard.body
    return str(heard.json["token"])


async def bearer(caller: Caller, **more: Any) -> dict[str, str]:
    """The header that uploads carry."""
    return {"Authorization": f"Bearer {await token(caller, **more)}"}


async def stored(
    caller: Caller, data: bytes = b"bytes", *, key: str = "id:secret", **headers: str
) -> str:
    """Upload a file the Python way; its URL."""
    given = {**await bearer(caller, key=key), "Content-Type": "image/png", **headers}
    heard = await caller.ask(
        "POST", "/files/upload", host=V3, key=None, headers=given, data=io.BytesIO(data)
    )
    assert heard.status == 200, heard.body
    return str(heard.json["access_url"])


async def begun(caller: Caller, way: str = "initiate", **more: Any) -> dict[str, str]:
    """Begin an upload the JS way: its two URLs."""
    path = f"/storage/upload/{way}?storage_type=fal-cdn-v3"
    heard = await caller.ask("POST", path, host=REST, json=ASKED, **more)
    assert heard.status == 200, heard.body
    found: dict[str, str] = heard.json
    return found


async def at(caller: Caller, method: str, url: str, **more: Any) -> Heard:
    """Ask for a URL as it was given, without a key."""
    parts = urlsplit(url)
    host = parts.hostname if parts.scheme == "https" else None
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return await caller.ask(method, path, **{"host": host, "key": None, **more})
