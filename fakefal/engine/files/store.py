"""The files of a tenant: contents, expiry and access control."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from fakefal.engine.core.clock import Clock
from fakefal.engine.files.blobs import Blob
from fakefal.protocol.core.json_codec import iso
from fakefal.protocol.errors import errors
from fakefal.protocol.storage.file_acl import DEFAULT_LIFECYCLE, Acl, Decision, Lifecycle
from fakefal.protocol.storage.storage import (
    ID_LENGTH,
    file_id_in,
    file_not_found,
    forbidden,
    v3_file_path,
    v3b_file_path,
)
from fakefal.scenario.media.kinds import MediaDefect
from fakefal.scenario.values.seeded import digest
from fakefal.settings import Limits

Host = Literal["v3.fal.media", "v3b.fal.media", "fal.media"]
Origin = Literal["upload", "output"]

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TAG_LENGTH = 6


def base62(data: bytes, count: int) -> str:
    """``count`` letters and digits derived from bytes."""
    number = int.from_bytes(data, "big")
    characters = []
    for _ in range(count):
        number, digit = divmod(number, len(_BASE62))
        characters.append(_BASE62[digit])
    return "".join(characters)


def tenant_tag_of(key: str) -> str:
    """A hash of a key, which identifies its tenant in URLs and tokens without revealing the key."""
    return base62(digest("mark", key), TAG_LENGTH)


def tenant_tag_in(file_id: str) -> str:
    """The tag of the tenant that owns a file or an upload."""
    return file_id[:TAG_LENGTH]


@dataclass(frozen=True, slots=True)
class StoredUrl:
    """The URL of a stored file, or of one to be stored, with the id that the path contains."""

    id: str
    host: Host
    path: str

    @property
    def url(self) -> str:
        """The URL with fal's host name."""
        return f"https://{self.host}{self.path}"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored file. ``expires_at`` is an instant, None for never.

    ``defect`` is the scripted error of its download.
    """

    stored_url: StoredUrl
    name: str
    content_type: str
    blob: Blob
    created_at: float
    expires_at: float | None = None
    acl: Acl = field(default_factory=Acl)
    origin: Origin = "upload"
    defect: MediaDefect | None = None


class FileStore:
    """At most ``limits.files`` files and ``limits.file_bytes`` bytes; the oldest are dropped first.

    ``dropped`` counts them. ``pending_bytes`` belong to uploads in progress. ``user`` is the part
    of the key before the colon.
    """

    def __init__(self, key: str, seed: int, clock: Clock, limits: Limits) -> None:
        self.tenant_tag = tenant_tag_of(key)
        self.user = key.partition(":")[0]
        self.dropped = 0
        self._seed = str(seed)
        self._clock = clock
        self._limits = limits
        self._files: OrderedDict[str, StoredFile] = OrderedDict()
        self._counts: OrderedDict[tuple[str, ...], int] = OrderedDict()
        self._floor = 0
        self._bytes = 0
        self.pending_bytes = 0

    def __iter__(self) -> Iterator[StoredFile]:
        return iter(list(self._files.values()))

    def __len__(self) -> int:
        return len(self._files)

    def new_url(self, host: Host, name: str, *about: str) -> StoredUrl:
        """A URL for one more file, derived from the seed, the name and ``about``.

        Equal arguments are numbered, so parallel uploads of different files get the same URLs in
        every run.
        """
        file_id, number = self.new_id("file", name, *about)
        path = v3b_file_path if host == "v3b.fal.media" else v3_file_path
        return StoredUrl(file_id, host, path(file_id, name, number))

    def new_id(self, *about: str) -> tuple[str, int]:
        """An id that no other file or upload of this tenant has, and a number derived with it.

        Counts are kept for a limited number of arguments. The count of forgotten ones continues
        above every count that was used, so no id is returned twice.
        """
        count = self._counts.get(about, self._floor) + 1
        self._counts[about] = count
        self._counts.move_to_end(about)
        if len(self._counts) > self._limits.request_ids:
            _, evicted_count = self._counts.popitem(last=False)
            self._floor = max(self._floor, evicted_count)
        data = digest(self._seed, self.tenant_tag, *about, str(count))
        file_id = self.tenant_tag + base62(data[:16], ID_LENGTH - TAG_LENGTH)
        return file_id, int.from_bytes(data[16:24], "big")

    def add(
        self,
        stored_url: StoredUrl,
        name: str,
        content_type: str,
        blob: Blob,
        lifecycle: Lifecycle = DEFAULT_LIFECYCLE,
        origin: Origin = "upload",
        defect: MediaDefect | None = None,
    ) -> StoredFile:
        """Store a file; raises the 413 of one that exceeds the limit by itself."""
        self._check_size(blob.size)
        if stored_url.id in self._files:
            self._remove(stored_url.id)
        self.make_room(blob.size)
        now = self._clock.now()
        expires_at = None
        if lifecycle.expiration_seconds is not None:
            expires_at = self._clock.later(now, lifecycle.expiration_seconds)
        if defect == "expired":
            expires_at = now
        file = StoredFile(
            stored_url, name, content_type, blob, now, expires_at, lifecycle.acl, origin, defect
        )
        self._files[stored_url.id] = file
        self._bytes += blob.size
        if len(self._files) > self._limits.files:
            self._drop_oldest()
        return file

    def make_room(self, size: int) -> None:
        """Drop the oldest files until ``size`` bytes fit; raises the 413 if they never do."""
        self._check_size(size)
        while self._files and self._bytes + self.pending_bytes + size > self._limits.file_bytes:
            self._drop_oldest()

    def _check_size(self, size: int) -> None:
        if size + self.pending_bytes > self._limits.file_bytes:
            raise errors.body_too_large()

    def find(self, file_id: str) -> StoredFile:
        """A file by its id, without a check of access; raises the 404."""
        file = self._files.get(file_id)
        if file is None or file.defect == "missing":
            raise file_not_found(self._not_found_reason())
        if file.expires_at is not None and self._clock.now() >= file.expires_at:
            raise file_not_found(f"the file expired at {iso(file.expires_at)}")
        return file

    def open(self, file_id: str, reader_ids: Iterable[str], *, is_owner: bool) -> StoredFile:
        """A file for a reader; raises the 404 or 403 of its access list.

        ``is_owner`` is true for the owner's token and for a signed URL.
        Source: documented (docs/reference/storage.md#access-control)
        """
        file = self.find(file_id)
        decision: Decision = "allow" if is_owner else file.acl.decide(reader_ids)
        if file.defect == "forbidden":
            decision = "forbid"
        if decision == "forbid":
            raise forbidden("the file's access list forbids it")
        if decision == "hide":
            raise file_not_found("the file's access list hides it")
        return file

    def _not_found_reason(self) -> str:
        if not self.dropped:
            return "this key has no such file"
        return f"unknown, or one of the {self.dropped} oldest files, dropped to stay within limits"

    def clear(self) -> None:
        """Forget all files, which releases their bytes at once."""
        self._files.clear()
        self._bytes = self.pending_bytes = 0

    def _drop_oldest(self) -> None:
        self._remove(next(iter(self._files)))
        self.dropped += 1

    def remove(self, url: str) -> None:
        """Remove a file by its URL with fal's host name; no error if it is unknown."""
        file_id = file_id_in(url.rpartition("/")[2])
        if file_id is not None and file_id in self._files:
            self._remove(file_id)

    def _remove(self, file_id: str) -> None:
        self._bytes -= self._files.pop(file_id).blob.size
