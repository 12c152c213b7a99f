"""Bytes that are kept somewhere; where, the engine does not know."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol


class Blob(Protocol):
    """Bytes that do not change. ``etag`` is 32 hex digits that depend on them alone.

    They are let go when nobody holds the blob any more.
    """

    @property
    def size(self) -> int:
        """How many bytes."""
        ...

    @property
    def etag(self) -> str:
        """MD5 of the bytes, as S3 has it."""
        ...

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` up to ``stop``."""
        ...


class MemoryBlob:
    """Bytes in memory."""

    __slots__ = ("_data", "_etag")

    def __init__(self, data: bytes, etag: str | None = None) -> None:
        self._data = data
        self._etag = etag

    @property
    def size(self) -> int:
        """How many bytes."""
        return len(self._data)

    @property
    def etag(self) -> str:
        """MD5 of the bytes, worked out when first asked for."""
        if self._etag is None:
            self._etag = hashlib.md5(self._data, usedforsecurity=False).hexdigest()
        return self._etag

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` up to ``stop``."""
        return self._data[start:stop]


class JoinedBlob:
    """Blobs one after another; nothing is copied."""

    __slots__ = ("_blobs", "etag", "size")

    def __init__(self, blobs: Sequence[Blob]) -> None:
        self._blobs = tuple(blobs)
        self.size = sum(blob.size for blob in self._blobs)
        etags = "".join(blob.etag for blob in self._blobs)
        md5 = hashlib.md5(bytes.fromhex(etags), usedforsecurity=False).hexdigest()
        self.etag = f"{md5}-{len(self._blobs)}"

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` up to ``stop``, from as many blobs as they lie in."""
        chunks = []
        blob_start = 0
        for blob in self._blobs:
            blob_end = blob_start + blob.size
            if blob_start < stop and blob_end > start:
                chunks.append(
                    blob.read(max(start - blob_start, 0), min(stop - blob_start, blob.size))
                )
            blob_start = blob_end
        return b"".join(chunks)
