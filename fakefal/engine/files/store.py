"""The files of a tenant: what is kept of each, for how long, and who may read it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from fakefal.engine.core.clock import Clock
from fakefal.engine.files.blobs import Blob
from fakefal.protocol.core.json_codec import iso
from fakefal.protocol.errors import errors
from fakefal.protocol.storage.file_acl import KEPT, Acl, Decision, Lifecycle
from fakefal.protocol.storage.storage import (
    ID_LENGTH,
    file_id_in,
    forbidden,
    newer_path,
    no_file,
    older_path,
)
from fakefal.scenario.media.kinds import Mishap
from fakefal.scenario.values.seeded import digest
from fakefal.settings import Limits

Host = Literal["v3.fal.media", "v3b.fal.media", "fal.media"]
Origin = Literal["upload", "output"]

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MARK_LENGTH = 6


def letters(data: bytes, count: int) -> str:
    """Letters and digits that follow from bytes."""
    number = int.from_bytes(data, "big")
    found = []
    for _ in range(count):
        number, rest = divmod(number, len(_LETTERS))
        found.append(_LETTERS[rest])
    return "".join(found)


def mark_of(key: str) -> str:
    """What stands for a key in URLs and tokens, and does not tell it."""
    return letters(digest("mark", key), MARK_LENGTH)


def mark_in(file_id: str) -> str:
    """The mark of the tenant that a file or an upload belongs to."""
    return file_id[:MARK_LENGTH]


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a file is or will be: its id, host and path."""

    id: str
    host: Host
    path: str

    @property
    def url(self) -> str:
        """Its URL under fal's own name."""
        return f"https://{self.host}{self.path}"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that can be read. ``expires_at`` is an instant; None is never.

    ``mishap`` is what a scenario has go wrong when it is read.
    """

    place: FilePlace
    name: str
    content_type: str
    blob: Blob
    created_at: float
    expires_at: float | None = None
    acl: Acl = field(default_factory=Acl)
    origin: Origin = "upload"
    mishap: Mishap | None = None


class Files:
    """At most ``limits.files`` files and ``limits.file_bytes`` bytes; the oldest go first.

    ``dropped`` says how many went. ``pending_bytes`` are those of uploads on their way.
    """

    def __init__(self, key: str, seed: int, clock: Clock, limits: Limits) -> None:
        self.mark = mark_of(key)
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

    def new_place(self, host: Host, name: str, *about: str) -> FilePlace:
        """A place for one more file; it follows from the seed and from what the file is about.

        Files that are alike are numbered, so parallel uploads of different ones get the same ids in
        every run.
        """
        file_id, number = self.new_id("file", name, *about)
        path = newer_path if host == "v3b.fal.media" else older_path
        return FilePlace(file_id, host, path(file_id, name, number))

    def new_id(self, *about: str) -> tuple[str, int]:
        """An id that no other file or upload of this tenant has, and a number as unlikely.

        What was forgotten goes on with counts that were never given.
        """
        count = self._counts.get(about, self._floor) + 1
        self._counts[about] = count
        self._counts.move_to_end(about)
        if len(self._counts) > self._limits.identities:
            _, forgotten = self._counts.popitem(last=False)
            self._floor = max(self._floor, forgotten)
        data = digest(self._seed, self.mark, *about, str(count))
        found = self.mark + letters(data[:16], ID_LENGTH - MARK_LENGTH)
        return found, int.from_bytes(data[16:24], "big")

    def add(
        self,
        place: FilePlace,
        name: str,
        content_type: str,
        blob: Blob,
        lifecycle: Lifecycle = KEPT,
        origin: Origin = "upload",
        mishap: Mishap | None = None,
    ) -> StoredFile:
        """Keep a file; raises the 413 of one that could never be kept."""
        self._refuse_larger(blob.size)
        if place.id in self._files:
            self._forget(place.id)
        self.make_room(blob.size)
        now = self._clock.now()
        expires_at = None
        if lifecycle.seconds is not None:
            expires_at = self._clock.later(now, lifecycle.seconds)
        if mishap == "expired":
            expires_at = now
        file = StoredFile(
            place, name, content_type, blob, now, expires_at, lifecycle.acl, origin, mishap
        )
        self._files[place.id] = file
        self._bytes += blob.size
        if len(self._files) > self._limits.files:
            self._drop_oldest()
        return file

    def make_room(self, size: int) -> None:
        """Drop the oldest files until so many bytes more can be kept; raises the 413."""
        self._refuse_larger(size)
        while self._files and self._bytes + self.pending_bytes + size > self._limits.file_bytes:
            self._drop_oldest()

    def _refuse_larger(self, size: int) -> None:
        if size + self.pending_bytes > self._limits.file_bytes:
            raise errors.body_too_large()

    def find(self, file_id: str) -> StoredFile:
        """A file that is there, whoever asks; raises the 404."""
        file = self._files.get(file_id)
        if file is None or file.mishap == "missing":
            raise no_file(self._unknown())
        if file.expires_at is not None and self._clock.now() >= file.expires_at:
            raise no_file(f"the file expired at {iso(file.expires_at)}")
        return file

    def open(self, file_id: str, identities: Iterable[str], *, is_owner: bool) -> StoredFile:
        """A file for a reader; raises the 404 or 403 that the reader gets.

        ``is_owner`` stands for the owner's token and for a signed URL as well. Source: documented
        (protocol.md section 10.6).
        """
        file = self.find(file_id)
        decision: Decision = "allow" if is_owner else file.acl.decide(identities)
        if file.mishap == "forbidden":
            decision = "forbid"
        if decision == "forbid":
            raise forbidden("the file's access list forbids it")
        if decision == "hide":
            raise no_file("the file's access list hides it")
        return file

    def _unknown(self) -> str:
        if not self.dropped:
            return "this key has no such file"
        return f"unknown, or one of the {self.dropped} oldest files, dropped to stay within limits"

    def _drop_oldest(self) -> None:
        self._forget(next(iter(self._files)))
        self.dropped += 1

    def remove(self, url: str) -> None:
        """Remove a file by its URL under fal's own name, if it is still there."""
        file_id = file_id_in(url.rpartition("/")[2])
        if file_id is not None and file_id in self._files:
            self._forget(file_id)

    def _forget(self, file_id: str) -> None:
        self._bytes -= self._files.pop(file_id).blob.size
