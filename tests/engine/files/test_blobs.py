"""Blobs in memory and joined."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from fakefal.engine.files.blobs import JoinedBlob, MemoryBlob


def test_bytes_in_memory_have_size_and_etag() -> None:
    blob = MemoryBlob(b"hello")
    assert (blob.size, blob.read(1, 3)) == (5, b"el")
    assert blob.etag == hashlib.md5(b"hello").hexdigest()


@given(st.lists(st.binary(max_size=5), min_size=1), st.integers(0, 40), st.integers(0, 40))
def test_joined_blobs_read_as_one(parts: list[bytes], start: int, length: int) -> None:
    joined = JoinedBlob([MemoryBlob(part) for part in parts])
    whole = b"".join(parts)
    assert joined.size == len(whole)
    assert joined.read(start, start + length) == whole[start : start + length]


def test_the_etag_of_joined_blobs_ends_in_their_number() -> None:
    one, other = (
        JoinedBlob([MemoryBlob(b"a"), MemoryBlob(b"b")]),
        JoinedBlob([MemoryBlob(b"b"), MemoryBlob(b"a")]),
    )
    assert one.etag.endswith("-2")
    assert one.etag != other.etag
