"""Gets API descriptions and keeps them in files with their origin, date and hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from fakefal._version import __version__
from fakefal.engine.core.clock import real_now
from fakefal.errors import FakefalError
from fakefal.protocol.core.json_codec import iso
from fakefal.scenario.schemas.description import MAX_BYTES, Description, parse_description

FAL = "https://fal.ai"
"""Where fal publishes descriptions, without a key.

Source: documented (docs/reference/platform-api.md#website).
"""

ORIGIN = "x-fakefal"
"""The key of what is recorded about a file: ``source``, ``pulled``, ``sha256``."""

_SECONDS = 30


class StoredSchema(NamedTuple):
    """A description in a file, and where it came from (empty if it was written by hand)."""

    path: Path
    description: Description
    source: str
    sha256: str


def source_of(endpoint: str, base: str) -> str:
    """The URL of an endpoint's description."""
    query = quote(endpoint, safe="/")
    return f"{base.rstrip('/')}/api/openapi/queue/openapi.json?endpoint_id={query}"


def fetch(url: str) -> bytes:
    """The body of a URL; raises FakefalError. No key is sent."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise FakefalError(f"{url} is not an http or https URL")
    request = Request(url, headers={"User-Agent": f"fakefal/{__version__}"})
    is_local = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
    opener = build_opener(*([ProxyHandler({})] if is_local else []))
    try:
        with opener.open(request, timeout=_SECONDS) as response:
            data: bytes = response.read(MAX_BYTES + 1)
    except HTTPError as error:
        error.close()
        hint = " — check the name of the endpoint" if error.code in (404, 422) else ""
        raise FakefalError(f"{url}: {error.code} {error.reason}{hint}") from None
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise FakefalError(f"{url} cannot be read: {reason}") from None
    return data


def path_of(folder: Path, endpoint: str) -> Path:
    """The file of an endpoint's description: ``schemas/fal-ai/flux/dev.json``."""
    parts = [part for part in endpoint.split("/") if part not in ("", ".", "..")]
    if not parts or "\\" in endpoint or ":" in endpoint:
        raise FakefalError(f'"{endpoint}" is not an endpoint — write owner/name, as on fal.ai')
    return folder.joinpath(*parts[:-1], f"{parts[-1]}.json")


def digest_of(document: dict[str, Any]) -> str:
    """The hash of a description without what fakefal adds to it."""
    plain = {name: value for name, value in document.items() if name != ORIGIN}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def write(path: Path, document: dict[str, Any], source: str) -> None:
    """Write a description with its origin; raises FakefalError."""
    origin = {"source": source, "pulled": iso(real_now())[:10], "sha256": digest_of(document)}
    plain = {name: value for name, value in document.items() if name != ORIGIN}
    text = json.dumps({ORIGIN: origin, **plain}, indent=2, ensure_ascii=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise FakefalError(f"{path} cannot be written: {error.strerror}") from None


def stored(folder: Path) -> Iterator[StoredSchema]:
    """The descriptions in a folder, sorted by name; raises FakefalError."""
    if not folder.is_dir():
        raise FakefalError(f"{folder}: no such folder — fakefal schemas pull ENDPOINT makes it")
    for path in sorted(folder.rglob("*.json")):
        description = parse_description(path.read_bytes(), str(path))
        origin = description.document.get(ORIGIN)
        origin = origin if isinstance(origin, dict) else {}
        source, sha256 = origin.get("source", ""), origin.get("sha256", "")
        yield StoredSchema(path, description, str(source), str(sha256))
