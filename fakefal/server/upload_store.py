"""Stores the bytes of uploads: small ones in memory, others in a temporary folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import weakref
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fakefal.engine.files.blobs import Blob, MemoryBlob
from fakefal.protocol.errors import errors
from fakefal.protocol.errors.errors import ApiError
from fakefal.settings import Limits

if TYPE_CHECKING:
    import tempfile

_FOLDER_PREFIX = "fakefal-uploads-"
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
        self._lock: int | None = None
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
        except OSError as error:
            incoming.discard()
            if isinstance(error, ConnectionError):
                raise
            raise _no_space(error) from None
        except BaseException:
            incoming.discard()
            raise

    def close(self) -> None:
        """Remove the folder and its files."""
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

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

            _remove_orphans(Path(tempfile.gettempdir()))
            self._folder = tempfile.TemporaryDirectory(
                prefix=_FOLDER_PREFIX, ignore_cleanup_errors=True
            )
            self._lock = _lock(Path(self._folder.name))
        elif not os.path.isdir(self._folder.name):  # somebody cleaned the temporary folder
            Path(self._folder.name).mkdir(mode=0o700, parents=True, exist_ok=True)
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
        self._file.close()  # flushes, and raises OSError if the disk is full
        return _FileBlob(self._store, self._path, self.size, etag)

    def discard(self) -> None:
        if self._file is None:
            self._store.disk_bytes -= self._reserved
        elif self._path is not None:
            with suppress(OSError):
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
        size = max(0, min(stop, self.size) - start)
        try:
            with self._path.open("rb") as file:
                file.seek(start)
                data = file.read(size)
        except OSError as error:
            raise _lost(error.strerror or str(error)) from None
        if len(data) < size:
            raise _lost(f"{len(data)} of {size} bytes are left")
        return data


def _no_space(error: OSError) -> ApiError:
    reason = f"the upload cannot be stored in the temporary folder: {error.strerror or error}"
    return ApiError(507, {"detail": reason}, hint=reason)


def _lost(reason: str) -> ApiError:
    detail = f"the upload is gone from the temporary folder: {reason}"
    return ApiError(500, {"detail": detail}, hint=detail)


def _remove_orphans(temporary: Path) -> None:
    """Remove the folders of servers that were killed.

    A running server holds a lock in its folder, which ends with its process, whatever ends that;
    process ids say nothing about servers in other containers.
    """
    for folder in temporary.glob(f"{_FOLDER_PREFIX}*"):
        lock = _lock(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """The descriptor of a locked folder; None if another server holds the lock (flock(2))."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _release(store: UploadStore, size: int) -> None:
    store.memory_bytes -= size


def _remove(store: UploadStore, path: Path, size: int) -> None:
    store.disk_bytes -= size
    with suppress(OSError):
        path.unlink(missing_ok=True)
