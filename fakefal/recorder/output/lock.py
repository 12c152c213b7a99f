"""One recorder a file: a lock that the system releases when its process ends, however it ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from fakefal.errors import FakefalError
from fakefal.recorder.output.atomic import cannot_write

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """Held from ``acquire`` to ``release``, or until the process ends.

    The lock is on ``.NAME.lock`` beside the file, because the file itself is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock_path = path.with_name(f".{path.name}.lock")
        self._descriptor: int | None = None
        self._new_folders: list[Path] = []

    def acquire(self) -> None:
        """Lock, or raise FakefalError if another recorder has the file."""
        try:
            parents = self._path.absolute().parents
            self._new_folders = [folder for folder in parents if not folder.exists()]
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise cannot_write(self._path, error) from None
        try:
            _lock(descriptor)
            is_current = os.path.samestat(os.fstat(descriptor), os.stat(self._lock_path))
        except OSError:
            is_current = False  # locked by another one, or just removed by it
        if not is_current:
            os.close(descriptor)
            raise FakefalError(
                f"{self._path} is being recorded by another process — wait for it, or name "
                "another file"
            )
        self._descriptor = descriptor

    def release(self) -> None:
        """Unlock, and remove folders that were made for a file that was not written; no error if
        it is not locked."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                self._lock_path.unlink()
            os.close(descriptor)
            with suppress(OSError):  # not empty
                for folder in self._new_folders:
                    folder.rmdir()
