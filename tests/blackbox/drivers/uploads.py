"""Uploads to a fake with whichever fal_client can be imported; prints what came of it as JSON.

Run as ``python uploads.py URL sync|async MEGABYTES FOLDER``, with the client's folder on
PYTHONPATH. Nothing of the client is changed but the constants that say where fal is. MEGABYTES is
the size of a large file; 0 leaves it out.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import inspect
import io
import json
import sys
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

fal_client: Any = importlib.import_module("fal_client")
client_module: Any = importlib.import_module("fal_client.client")

NAMES = ("../../up.txt", "/etc/passwd", "C:\\Windows\\win.ini", "CON", "aux.png", "n" * 4096, "")
MEGABYTE = 1024 * 1024


class Fal:
    """Both faces of the client as one."""

    def __init__(self, is_async: bool) -> None:
        self.client = (fal_client.AsyncClient if is_async else fal_client.SyncClient)()

    async def do(self, name: str, *args: Any, **options: Any) -> Any:
        result = getattr(self.client, name)(*args, **options)
        return await result if inspect.isawaitable(result) else result


def read(url: str) -> dict[str, Any]:
    """A file as a program downloads it, without a key."""
    digest = hashlib.sha256()
    size = 0
    with httpx.stream("GET", url) as response:
        for chunk in response.iter_bytes():
            digest.update(chunk)
            size += len(chunk)
    return {
        "url": url,
        "status": response.status_code,
        "type": response.headers.get("content-type"),
        "size": size,
        "sha": digest.hexdigest(),
    }


async def small(fal: Fal, folder: Path) -> dict[str, Any]:
    """Text, a file, an image, and names that would be dangerous as paths."""
    fake = folder / "fake.txt"
    fake.write_text("from fake.txt")
    image = Image.new("RGB", (100, 100), (1, 2, 3))
    picture = await fal.do("upload_image", image, "png")
    opened = opened_image(picture)
    names = []
    for name in NAMES:
        options = {"file_name": name} if "file_name" in parameters(fal.client.upload) else {}
        names.append(read(await fal.do("upload", name.encode(), "text/plain", **options)))
    run = await fal.do("run", "acme/echo", {"image_url": picture})
    return {
        "bytes": read(await fal.do("upload", b"Hello, world!", "text/plain")),
        "text": read(await fal.do("upload", "Grüße", "text/plain")),
        "file": read(await fal.do("upload_file", fake)),
        "empty": read(await fal.do("upload", b"", "text/plain")),
        "image": {**read(picture), "pixel": opened.getpixel((0, 0)), "side": opened.size},
        "names": names,
        "run": run,
    }


def opened_image(url: str) -> Image.Image:
    return Image.open(io.BytesIO(httpx.get(url).content))


def parameters(function: Any) -> set[str]:
    return set(inspect.signature(function).parameters)


async def ways(fal: Fal) -> dict[str, Any]:
    """The other places to upload to, and lifecycles, as far as this version knows them."""
    found = {}
    known = parameters(fal.client.upload)
    if "repository" in known:
        for way in ("fal", "cdn"):
            options = {"repository": way, "file_name": "a.txt"}
            found[way] = read(await fal.do("upload", b"elsewhere", "text/plain", **options))
    if "lifecycle" in known:
        settings = fal_client.StorageSettings(
            expires_in="1h", initial_acl=fal_client.StorageACL(default="forbid")
        )
        url = await fal.do("upload", b"mine", "text/plain", lifecycle=settings)
        found["private"] = read(url)
    return found


async def large(fal: Fal, folder: Path, megabytes: int) -> dict[str, Any]:
    """A file in parts."""
    path = folder / "large.bin"
    block = bytes(range(256)) * (MEGABYTE // 256)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for number in range(megabytes):
            data = number.to_bytes(4, "big") + block[4:]
            file.write(data)
            digest.update(data)
    url = await fal.do("upload_file", path)
    path.unlink()
    return {"sent": digest.hexdigest(), **read(url)}


async def main(url: str, mode: str, megabytes: str, folder: str) -> dict[str, Any]:
    client_module.RUN_URL_FORMAT = f"{url}/fal.run/"
    client_module.QUEUE_URL_FORMAT = f"{url}/queue.fal.run/"
    client_module.REST_URL = f"{url}/rest.fal.ai"
    client_module.CDN_URL = f"{url}/v3.fal.media"
    client_module.FAL_CDN_FALLBACK_URL = f"{url}/fal.media"
    fal = Fal(mode == "async")
    found = {"small": await small(fal, Path(folder)), "ways": await ways(fal)}
    if int(megabytes):
        found["large"] = await large(fal, Path(folder), int(megabytes))
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(*sys.argv[1:]))))
