"""Stores the bytes of uploads: small ones in memory, others in a temporary folder."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fakefal.engine.files.blobs import Blob, MemoryBlob
from fakefal.protocol.errors import errors
from fakefal.protocol.errors.errors import ApiError
from fakefal.settings import Limits

if TYPE_CHECKING:
    import tempfile

_MAX_MEMORY_BLOB_BYTES = 1_000_000
"""A longer body goes to the folder, and so does any body while the memory limit is reached."""


class UploadStore:
    """Streams bodies into blobs, whose bytes are freed with the last reference to them.

    Files in the folder are numbered: names of uploads never become paths. The folder is created on
    first use and removed by ``close``.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0
        self.memory_bytes = 0
        self.disk_bytes = 0

    async def save(self, chunks: AsyncIterator[bytes]) -> Blob:
        """Store a body; raises 413 for one over the limit, and 507 when the folder is full.

        A body that breaks off is discarded.
        """
        incoming = _IncomingBody(self)
        try:
            async for chunk in chunks:
                if incoming.size + len(chunk) > self._limits.upload_bytes:
                    raise errors.body_too_large()
                incoming.write(chunk)
            return incoming.finish()
        except BaseException:
            incoming.discard()
            raise

    def close(self) -> None:
        """Remove the folder and its files."""
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()

    def fits_memory(self, size: int) -> bool:
        """Whether a body of this size may stay in memory."""
        return (
            size <= _MAX_MEMORY_BLOB_BYTES
            and self.memory_bytes + size <= self._limits.upload_memory_bytes
        )

    def reserve(self, size: int) -> None:
        """Count bytes that are written to the folder; raises the 507 of a full one."""
        if self.disk_bytes + size > self._limits.upload_disk_bytes:
            detail = f"fakefal keeps at most {self._limits.upload_disk_bytes} bytes of uploads"
            raise ApiError(507, {"detail": detail})
        self.disk_bytes += size

    def new_path(self) -> Path:
        """The path of a new file in the folder."""
        if self._folder is None:
            import tempfile  # few servers get large uploads

            self._folder = tempfile.TemporaryDirectory(
                prefix="fakefal-", ignore_cleanup_errors=True
            )
        self._count += 1
        return Path(self._folder.name, str(self._count))


class _IncomingBody:
    """A body that is being received: in memory first, then in a file when it grows."""

    def __init__(self, store: UploadStore) -> None:
        self._store = store
        self._buffer = bytearray()
        self._path: Path | None = None
        self._file: BinaryIO | None = None
        self._hash = hashlib.md5(usedforsecurity=False)
        self._reserved = 0
        self.size = 0

    def write(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.size += len(chunk)
        if self._file is None and self._store.fits_memory(self.size):
            self._buffer += chunk
            return
        if self._file is None:
            self._reserve(len(self._buffer))
            self._path = self._store.new_path()
            self._file = self._path.open("xb")
            self._file.write(self._buffer)
            self._buffer = bytearray()
        self._reserve(len(chunk))
        self._file.write(chunk)

    def finish(self) -> Blob:
        etag = self._hash.hexdigest()
        if self._file is None or self._path is None:
            return _CountedBlob(self._store, bytes(self._buffer), etag)
        self._file.close()
        return _FileBlob(self._store, self._path, self.size, etag)

    def discard(self) -> None:
        if self._file is not None and self._path is not None:
            self._file.close()
            _remove(self._store, self._path, self._reserved)

    def _reserve(self, size: int) -> None:
        self._store.reserve(size)
        self._reserved += size


class _CountedBlob(MemoryBlob):
    """A blob in memory that counts against the memory limit."""

    __slots__ = ("__weakref__",)

    def __init__(self, store: UploadStore, data: bytes, etag: str) -> None:
        super().__init__(data, etag)
        store.memory_bytes += len(data)
        weakref.finalize(self, _release, store, len(data)).atexit = False


class _FileBlob:
    """A blob in a file of the folder; the file is removed with the blob."""

    def __init__(self, store: UploadStore, path: Path, size: int, etag: str) -> None:
        self._path = path
        self.size = size
        self.etag = etag
        weakref.finalize(self, _remove, store, path, size).atexit = False

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` up to, not including, ``stop``."""
        with self._path.open("rb") as file:
            file.seek(start)
            return file.read(max(0, stop - start))


def _release(store: UploadStore, size: int) -> None:
    store.memory_bytes -= size


def _remove(store: UploadStore, path: Path, size: int) -> None:
    store.disk_bytes -= size
    path.unlink(missing_ok=True)
