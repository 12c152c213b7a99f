"""Immutable bytes, in memory or wherever the server stores them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol


class Blob(Protocol):
    """Immutable bytes. The storage behind them is released with the last reference to the blob."""

    @property
    def size(self) -> int:
        """The number of bytes."""
        ...

    @property
    def etag(self) -> str:
        """The MD5 of the bytes in hex, as S3 computes ETags."""
        ...

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` to before ``stop``."""
        ...


class MemoryBlob:
    """A blob in memory."""

    __slots__ = ("_data", "_etag")

    def __init__(self, data: bytes, etag: str | None = None) -> None:
        self._data = data
        self._etag = etag

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self._data)

    @property
    def etag(self) -> str:
        """The MD5 of the bytes in hex, computed on first access."""
        if self._etag is None:
            self._etag = hashlib.md5(self._data, usedforsecurity=False).hexdigest()
        return self._etag

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` to before ``stop``."""
        return self._data[start:stop]


class JoinedBlob:
    """Several blobs as one, without copying.

    The ETag has the form of an S3 multipart upload: the MD5 of the parts' MD5s, a dash, and the
    number of parts.
    """

    __slots__ = ("_blobs", "etag", "size")

    def __init__(self, blobs: Sequence[Blob]) -> None:
        self._blobs = tuple(blobs)
        self.size = sum(blob.size for blob in self._blobs)
        etags = "".join(blob.etag for blob in self._blobs)
        md5 = hashlib.md5(bytes.fromhex(etags), usedforsecurity=False).hexdigest()
        self.etag = f"{md5}-{len(self._blobs)}"

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` to before ``stop``; they may span several blobs."""
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
