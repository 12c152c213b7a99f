"""The upload store: small bodies in memory, others in a folder that the server removes."""

from __future__ import annotations

import asyncio
import errno
import gc
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakefal.protocol.errors.errors import ApiError
from fakefal.server.upload_store import UploadStore
from fakefal.settings import Limits

MEGABYTE = 1_000_000


async def chunks(*data: bytes) -> AsyncIterator[bytes]:
    for part in data:
        yield part


async def broken(*data: bytes) -> AsyncIterator[bytes]:
    for part in data:
        yield part
    raise ConnectionResetError


def folder_of(spool: UploadStore) -> Path:
    assert spool._folder is not None
    return Path(spool._folder.name)


async def test_a_small_body_stays_in_memory() -> None:
    spool = UploadStore(Limits())
    blob = await spool.save(chunks(b"hello ", b"world"))
    assert (blob.size, blob.read(6, 99)) == (11, b"world")
    assert blob.etag == hashlib.md5(b"hello world").hexdigest()
    assert (spool.memory_bytes, spool._folder) == (11, None)
    del blob
    assert spool.memory_bytes == 0


async def test_a_body_that_grows_moves_to_the_folder_under_a_number() -> None:
    spool = UploadStore(Limits())
    data = [bytes([number]) * MEGABYTE for number in range(3)]
    blob = await spool.save(chunks(*data))
    assert (blob.size, blob.etag) == (3 * MEGABYTE, hashlib.md5(b"".join(data)).hexdigest())
    assert blob.read(MEGABYTE - 1, MEGABYTE + 1) == b"\x00\x01"
    assert [path.name for path in folder_of(spool).iterdir()] == ["1"]
    assert (spool.memory_bytes, spool.disk_bytes) == (0, 3 * MEGABYTE)
    del blob
    assert list(folder_of(spool).iterdir()) == []
    assert spool.disk_bytes == 0
    folder = folder_of(spool)
    spool.close()
    assert not folder.exists()


async def test_when_memory_is_full_small_bodies_go_to_the_folder() -> None:
    spool = UploadStore(Limits(upload_memory_bytes=10))
    blobs = [await spool.save(chunks(b"x" * 6)) for _ in range(2)]
    assert (spool.memory_bytes, spool.disk_bytes) == (6, 6)
    assert [blob.read(0, 9) for blob in blobs] == [b"x" * 6] * 2
    spool.close()


async def test_a_body_that_breaks_off_is_discarded() -> None:
    spool = UploadStore(Limits())
    for data in ([b"x"], [b"x" * 2 * MEGABYTE]):
        with pytest.raises(ConnectionResetError):
            await spool.save(broken(*data))
    gc.collect()
    assert (spool.memory_bytes, spool.disk_bytes) == (0, 0)
    assert list(folder_of(spool).iterdir()) == []
    spool.close()


@pytest.mark.parametrize(
    ("limits", "status"),
    [(Limits(upload_bytes=9), 413), (Limits(upload_memory_bytes=0, upload_disk_bytes=9), 507)],
)
async def test_a_body_over_the_limit_is_rejected_and_discarded(limits: Limits, status: int) -> None:
    spool = UploadStore(limits)
    with pytest.raises(ApiError) as caught:
        await spool.save(chunks(b"x" * 6, b"x" * 6))
    assert caught.value.status == status
    assert (spool.memory_bytes, spool.disk_bytes) == (0, 0)
    spool.close()


async def test_closing_twice_or_without_uploads_does_nothing() -> None:
    spool = UploadStore(Limits())
    spool.close()
    blob = await spool.save(chunks(b"x" * 2 * MEGABYTE))
    spool.close()
    spool.close()
    del blob
    assert spool.disk_bytes == 0


def test_a_full_disk_is_a_507(monkeypatch: pytest.MonkeyPatch) -> None:
    store = UploadStore(Limits(upload_memory_bytes=1))

    def full(self: UploadStore) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(UploadStore, "new_path", full)
    with pytest.raises(ApiError, match="No space left on device") as caught:
        asyncio.run(store.save(_chunks(b"xxx")))
    assert caught.value.status == 507
    assert (store.disk_bytes, store.memory_bytes) == (0, 0)


def test_a_file_that_somebody_removed_is_an_error_and_not_empty() -> None:
    store = UploadStore(Limits(upload_memory_bytes=1))
    blob = asyncio.run(store.save(_chunks(b"xxx")))
    (path,) = _folder_of(store).iterdir()
    path.write_bytes(b"x")
    with pytest.raises(ApiError, match="1 of 3 bytes are left"):
        blob.read(0, 3)
    path.unlink()
    with pytest.raises(ApiError, match="is gone from the temporary folder"):
        blob.read(0, 3)
    shutil.rmtree(_folder_of(store))
    again = asyncio.run(store.save(_chunks(b"yyy")))
    assert again.read(0, 3) == b"yyy"
    store.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_the_folder_of_a_killed_server_is_removed_and_that_of_a_living_one_stays() -> None:
    living = UploadStore(Limits(upload_memory_bytes=1))
    asyncio.run(living.save(_chunks(b"xxx")))
    killed = _folder_of(living).with_name("fakefal-uploads-killed")
    killed.mkdir()
    (killed / "1").write_bytes(b"x")
    other = UploadStore(Limits(upload_memory_bytes=1))
    asyncio.run(other.save(_chunks(b"xxx")))
    assert not killed.exists()
    assert _folder_of(living).is_dir()
    living.close()
    other.close()


def _folder_of(store: UploadStore) -> Path:
    folder = store._folder
    assert folder is not None
    return Path(folder.name)


async def _chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
