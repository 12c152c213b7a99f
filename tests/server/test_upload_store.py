"""The upload store: small bodies in memory, others in a folder that the server removes."""

from __future__ import annotations

import gc
import hashlib
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
