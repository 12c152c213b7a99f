"""Files that came and went in a recording: downloads by their hash, and URLs that will change."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from fakefal.protocol.core.call import Json
from fakefal.protocol.storage.storage import safe_name
from fakefal.recorder.capture.captures import Capture
from fakefal.recorder.distil.inputs import link_expression
from fakefal.recorder.distil.request_groups import Conversations
from fakefal.scenario.media.assets import MEDIA_TYPES

MOST_BYTES = 64_000_000
"""No larger file is kept, as none is served (scenario/files/loader.py)."""

_HASH_LENGTH = 16


class Media:
    """The files of a recording.

    ``files`` are names beside the scenario by the URLs under fal's own names, ``kept`` the bytes
    by those names, ``links`` the expressions that tell the URLs of files in inputs.
    """

    def __init__(self, folder: str, found: Conversations) -> None:
        self.files: dict[str, str] = {}
        self.kept: dict[str, bytes] = {}
        self.links: dict[str, str] = {}
        self.notes: list[str] = []
        self._folder = folder
        for capture in found.uploads:
            self._upload(capture)
        for capture in found.downloads:
            self._download(capture)

    def _upload(self, capture: Capture) -> None:
        """An answer that tells where an upload will be read."""
        if capture.heard.status >= 300:
            return
        body = _answered(capture)
        if not isinstance(body, dict):
            return
        for field in ("access_url", "file_url"):
            url = body.get(field)
            if isinstance(url, str):
                self.links[url.partition("?")[0]] = link_expression(_name_of(capture))

    def _download(self, capture: Capture) -> None:
        url, heard = capture.asked.url, capture.heard
        if url in self.links or url in self.files or capture.asked.method != "GET":
            return
        if heard.status != 200 or heard.cut:
            if heard.status != 304:
                self.notes.append(f"GET {url}: {heard.status}, so there is no file to keep")
            return
        data = heard.body
        if len(data) > MOST_BYTES:
            self.notes.append(f"GET {url}: larger than {MOST_BYTES // 1_000_000} MB, not kept")
            return
        digest = sha256(data).hexdigest()[:_HASH_LENGTH]
        name = f"{digest}.{_extension(url, heard.content_type)}"
        self.files[url] = f"{self._folder}/{name}"
        self.kept[f"{self._folder}/{name}"] = data
        self.links[url] = link_expression(name)


def media_urls(value: Json) -> Iterable[str]:
    """Every URL of a file on fal's hosts in JSON, without its query."""
    if isinstance(value, str):
        if value.startswith(_OF_FILES):
            yield value.partition("?")[0]
    elif isinstance(value, dict):
        for inner in value.values():
            yield from media_urls(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from media_urls(inner)


_OF_FILES = tuple(
    f"https://{host}/files/" for host in ("v3.fal.media", "v3b.fal.media", "fal.media")
)


def _answered(capture: Capture) -> Json:
    try:
        return capture.heard.json()
    except ValueError:
        return None


def _name_of(capture: Capture) -> str:
    """The name of an uploaded file, as its URL ends; empty if it had none."""
    name: Json = capture.asked.header("x-fal-file-name")
    if not name and "initiate" in capture.asked.path:
        try:
            body = capture.asked.json()
        except ValueError:
            body = None
        name = body.get("file_name") if isinstance(body, dict) else ""
    return safe_name(name) if isinstance(name, str) and name else ""


def _extension(url: str, content_type: str) -> str:
    """The extension whose type is that of the answer: the URL's own if it fits."""
    _, dot, own = url.rpartition("/")[2].lower().rpartition(".")
    if own in MEDIA_TYPES and content_type in ("", MEDIA_TYPES[own]):
        return own
    known = [name for name, kind in MEDIA_TYPES.items() if kind == content_type]
    if known:
        return known[0]
    return own if dot and own.isalnum() and len(own) <= 8 else "bin"
