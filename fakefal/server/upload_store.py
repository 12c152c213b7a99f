"""Where the bytes of files lie: small ones in memory, the others in a temporary folder."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fakefal.engine.files.blobs import Blob, Held
from fakefal.protocol.errors import errors
from fakefal.protocol.errors.errors import WireError
from fakefal.settings import Limits

if TYPE_CHECKING:
    import tempfile

_SMALL_BYTES = 1_000_000
"""A body up to this size stays in memory, as long as there is room."""


class Spool:
    """Takes bodies as they come, and gives blobs; their bytes go when nobody holds them.

    Names of uploads never become paths: the files of the folder are numbered. The folder is made
    when it is first needed, and removed by ``close``.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0
        self.memory_bytes = 0
        self.disk_bytes = 0

    async def take(self, chunks: AsyncIterator[bytes]) -> Blob:
        """Keep a body; raises the 413 of one over the limit, and a 507 when the folder is full.

        Nothing is kept of a body that breaks off.
        """
        body = _Body(self)
        try:
            async for chunk in chunks:
                if body.size + len(chunk) > self._limits.upload_bytes:
                    raise errors.body_too_large()
                body.write(chunk)
            return body.finish()
        except BaseException:
            body.abandon()
            raise

    def close(self) -> None:
        """Remove the folder and all that lies in it."""
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()

    def fits_memory(self, size: int) -> bool:
        """Whether a body of this size may stay in memory."""
        return size <= _SMALL_BYTES and self.memory_bytes + size <= self._limits.memory_bytes

    def reserve(self, size: int) -> None:
        """Count bytes that go to the folder; raises the 507 of a full one."""
        if self.disk_bytes + size > self._limits.spool_bytes:
            detail = f"fakefal keeps at most {self._limits.spool_bytes} bytes of uploads"
            raise WireError(507, {"detail": detail})
        self.disk_bytes += size

    def new_path(self) -> Path:
        """The path of one more file in the folder."""
        if self._folder is None:
            import tempfile  # only a server with large uploads needs it

            self._folder = tempfile.TemporaryDirectory(
                prefix="fakefal-", ignore_cleanup_errors=True
            )
        self._count += 1
        return Path(self._folder.name, str(self._count))


class _Body:
    """A body on its way in; it begins in memory and moves to the folder when it grows."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._held = bytearray()
        self._path: Path | None = None
        self._file: BinaryIO | None = None
        self._hash = hashlib.md5(usedforsecurity=False)
        self._reserved = 0
        self.size = 0

    def write(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.size += len(chunk)
        if self._file is None and self._spool.fits_memory(self.size):
            self._held += chunk
            return
        if self._file is None:
            self._reserve(len(self._held))
            self._path = self._spool.new_path()
            self._file = self._path.open("xb")
            self._file.write(self._held)
            self._held = bytearray()
        self._reserve(len(chunk))
        self._file.write(chunk)

    def finish(self) -> Blob:
        etag = self._hash.hexdigest()
        if self._file is None or self._path is None:
            return _Counted(self._spool, bytes(self._held), etag)
        self._file.close()
        return _Spilled(self._spool, self._path, self.size, etag)

    def abandon(self) -> None:
        if self._file is not None and self._path is not None:
            self._file.close()
            _remove(self._spool, self._path, self._reserved)

    def _reserve(self, size: int) -> None:
        self._spool.reserve(size)
        self._reserved += size


class _Counted(Held):
    """Bytes in memory that the spool counts."""

    __slots__ = ("__weakref__",)

    def __init__(self, spool: Spool, data: bytes, etag: str) -> None:
        super().__init__(data, etag)
        spool.memory_bytes += len(data)
        weakref.finalize(self, _release, spool, len(data)).atexit = False


class _Spilled:
    """Bytes in a file of the folder, which is removed with the blob."""

    def __init__(self, spool: Spool, path: Path, size: int, etag: str) -> None:
        self._path = path
        self.size = size
        self.etag = etag
        weakref.finalize(self, _remove, spool, path, size).atexit = False

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` up to ``stop``."""
        with self._path.open("rb") as file:
            file.seek(start)
            return file.read(max(0, stop - start))


def _release(spool: Spool, size: int) -> None:
    spool.memory_bytes -= size


def _remove(spool: Spool, path: Path, size: int) -> None:
    spool.disk_bytes -= size
    path.unlink(missing_ok=True)
