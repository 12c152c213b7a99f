"""Writes files so that no reader, no kill and no power loss ever sees half of one."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from fakefal.errors import FakefalError

_PROBE_BYTES = 65_536
"""Written and removed before a recording starts, to find a full disk before calls are paid for."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that no reader and no power loss ever leaves half of it.

    On Linux the bytes go to a file without a name (open(2), O_TMPFILE); elsewhere to a temporary
    name, which the next call removes. Then it is synced and renamed. Raises FakefalError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
        complete = path.parent / f".{path.name}.new"
        complete.unlink(missing_ok=True)
        _write_file(complete, data, mode)
        os.replace(complete, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from None


def check_writable(path: Path) -> None:
    """Raise FakefalError if a file cannot be written here now: no permission, or a full disk."""
    probe = path.parent / f".{path.name}.probe"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            probe.write_bytes(bytes(_PROBE_BYTES))
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from None


def move(source: Path, target: Path) -> None:
    """Rename a file over another one; raises FakefalError, after which both are as they were."""
    try:
        os.replace(source, target)
        _sync_folder(target.parent)
    except OSError as error:
        raise cannot_write(target, error) from None


def cannot_write(path: Path, error: OSError) -> FakefalError:
    """The error for a file that cannot be written."""
    reason = error.strerror or str(error)
    return FakefalError(f"{path} cannot be written: {reason} — choose another path")


def _write_file(path: Path, data: bytes, mode: int) -> None:
    """Write and sync a file that has no name until it is complete, if the system can do that."""
    tmpfile_flag = getattr(os, "O_TMPFILE", 0)
    if tmpfile_flag:
        try:
            descriptor = os.open(path.parent, os.O_WRONLY | tmpfile_flag, mode)
        except OSError:  # not supported by this file system
            tmpfile_flag = 0
    if not tmpfile_flag:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        if tmpfile_flag:
            _link_unnamed(file.fileno(), path)


def _link_unnamed(descriptor: int, path: Path) -> None:
    """Give a name to a file opened with O_TMPFILE, as open(2) shows."""
    # os.link calls linkat, which can follow the symlink in /proc, only if a dir_fd is given.
    folder_descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.link(
            f"/proc/self/fd/{descriptor}", path, src_dir_fd=folder_descriptor, follow_symlinks=True
        )
    finally:
        os.close(folder_descriptor)


def _sync_folder(folder: Path) -> None:
    """Sync the folder, so that the new name survives a power loss as well (fsync(2))."""
    if os.name == "nt":  # Windows cannot open folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
