"""The files of a recording: downloads, named by their hash, and URLs that differ in each run."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from fakefal.protocol.core.call import Json
from fakefal.protocol.storage.storage import safe_name
from fakefal.recorder.capture.captures import Capture
from fakefal.recorder.distil.inputs import link_expression
from fakefal.recorder.distil.request_groups import RequestGroups
from fakefal.scenario.media.assets import MEDIA_TYPES

MAX_FILE_BYTES = 64_000_000
"""Larger files are not stored, as fakefal does not serve them (scenario/files/loader.py)."""

_HASH_LENGTH = 16


class Media:
    """The files of a recording.

    ``files`` maps canonical URLs to names beside the scenario, ``contents`` these names to bytes,
    ``links`` URLs that may appear in inputs to regular expressions for them.
    """

    def __init__(self, folder: str, groups: RequestGroups) -> None:
        self.files: dict[str, str] = {}
        self.contents: dict[str, bytes] = {}
        self.links: dict[str, str] = {}
        self.notes: list[str] = []
        self._folder = folder
        for capture in groups.uploads:
            self._add_upload(capture)
        for capture in groups.downloads:
            self._add_download(capture)

    def _add_upload(self, capture: Capture) -> None:
        """Add the URL under which an uploaded file can be read."""
        if capture.response.status >= 300:
            return
        body = _response_json(capture)
        if not isinstance(body, dict):
            return
        for field in ("access_url", "file_url"):
            url = body.get(field)
            if isinstance(url, str):
                self.links[url.partition("?")[0]] = link_expression(_name_of(capture))

    def _add_download(self, capture: Capture) -> None:
        url, response = capture.request.url, capture.response
        if url in self.links or url in self.files or capture.request.method != "GET":
            return
        if response.status != 200 or response.cut:
            if response.status != 304:
                self.notes.append(f"GET {url}: {response.status}, so its file is missing")
            return
        data = response.body
        if len(data) > MAX_FILE_BYTES:
            self.notes.append(
                f"GET {url}: larger than {MAX_FILE_BYTES // 1_000_000} MB, so its file is missing"
            )
            return
        digest = sha256(data).hexdigest()[:_HASH_LENGTH]
        name = f"{digest}.{_extension(url, response.content_type)}"
        self.files[url] = f"{self._folder}/{name}"
        self.contents[f"{self._folder}/{name}"] = data
        self.links[url] = link_expression(name)


def media_urls(value: Json) -> Iterable[str]:
    """The URLs of files on fal's hosts in JSON, without their queries."""
    if isinstance(value, str):
        if value.startswith(_FILE_URL_PREFIXES):
            yield value.partition("?")[0]
    elif isinstance(value, dict):
        for inner in value.values():
            yield from media_urls(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from media_urls(inner)


def notes_on_missing(value: Json) -> list[str]:
    """Notes on media that a replay leaves at fal's own CDN, because nobody has read them."""
    return [
        f"{url}: its file is missing, so a replay returns fal's URL" for url in media_urls(value)
    ]


_FILE_URL_PREFIXES = tuple(
    f"https://{host}/files/" for host in ("v3.fal.media", "v3b.fal.media", "fal.media")
)


def _response_json(capture: Capture) -> Json:
    try:
        return capture.response.json()
    except ValueError:
        return None


def _name_of(capture: Capture) -> str:
    """The name of an uploaded file as its URL will end with; empty if the client sent none."""
    name: Json = capture.request.header("x-fal-file-name")
    if not name and "initiate" in capture.request.path:
        try:
            body = capture.request.json()
        except ValueError:
            body = None
        name = body.get("file_name") if isinstance(body, dict) else ""
    return safe_name(name) if isinstance(name, str) and name else ""


def _extension(url: str, content_type: str) -> str:
    """The extension for the response's type; the URL's own if it has that type."""
    _, dot, url_extension = url.rpartition("/")[2].lower().rpartition(".")
    if url_extension in MEDIA_TYPES and content_type in ("", MEDIA_TYPES[url_extension]):
        return url_extension
    matching = [name for name, kind in MEDIA_TYPES.items() if kind == content_type]
    if matching:
        return matching[0]
    return url_extension if dot and url_extension.isalnum() and len(url_extension) <= 8 else "bin"
