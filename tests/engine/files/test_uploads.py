"""Uploads in progress: parts, signatures, limits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.engine.core.clock import ManualClock
from fakefal.engine.files.blobs import MemoryBlob
from fakefal.engine.files.store import FileStore
from fakefal.engine.files.uploads import SIGNED_URL_SECONDS, Upload, Uploads
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.storage.file_acl import DEFAULT_LIFECYCLE
from fakefal.protocol.storage.storage import PartTag, UploadRequest
from fakefal.settings import Limits

REQUEST = UploadRequest("a.bin", "a/b")


def make_uploads(clock: ManualClock | None = None, **limits: Any) -> tuple[Uploads, FileStore]:
    clock = clock or ManualClock()
    files = FileStore("id:secret", 0, clock, Limits(**limits))
    return Uploads(files, b"secret", clock, Limits(**limits)), files


def begin(uploads: Uploads, *, is_multipart: bool = True, is_signed: bool = False) -> Upload:
    return uploads.begin(
        "v3b.fal.media", REQUEST, DEFAULT_LIFECYCLE, is_multipart=is_multipart, is_signed=is_signed
    )


@given(st.permutations(range(1, 6)), st.permutations(range(1, 6)))
def test_parts_can_be_uploaded_and_listed_in_any_order(
    uploaded: list[int], listed: list[int]
) -> None:
    uploads, _ = make_uploads()
    upload = begin(uploads)
    etags = {
        number: uploads.put_part(upload, number, MemoryBlob(b"%d" % number)) for number in uploaded
    }
    tags = [PartTag(number, etags[number]) for number in listed]
    file = uploads.complete(upload, tags)
    assert file.blob.read(0, 99) == b"12345"
    assert uploads.complete(upload, tags[::-1]) is file


def test_a_repeated_part_replaces_the_first() -> None:
    uploads, files = make_uploads()
    upload = begin(uploads)
    uploads.put_part(upload, 1, MemoryBlob(b"wrong"))
    tag = PartTag(1, uploads.put_part(upload, 1, MemoryBlob(b"right!")))
    assert files.pending_bytes == 6
    assert uploads.complete(upload, [tag]).blob.read(0, 9) == b"right!"
    assert files.pending_bytes == 0


def test_parts_that_are_not_listed_are_left_out() -> None:
    uploads, _ = make_uploads()
    upload = begin(uploads)
    etags = [uploads.put_part(upload, number, MemoryBlob(b"%d" % number)) for number in (1, 2, 3)]
    file = uploads.complete(upload, [PartTag(3, etags[2]), PartTag(1, etags[0])])
    assert file.blob.read(0, 9) == b"13"


def test_parts_of_uploads_are_limited() -> None:
    uploads, files = make_uploads(file_bytes=10)
    upload = begin(uploads)
    uploads.put_part(upload, 1, MemoryBlob(b"x" * 8))
    with pytest.raises(ApiError) as caught:
        uploads.put_part(upload, 2, MemoryBlob(b"x" * 3))
    assert caught.value.status == 413
    assert files.pending_bytes == 8


def test_an_unfinished_upload_is_kept_and_a_new_one_refused() -> None:
    uploads, files = make_uploads(files=2)
    first = begin(uploads)
    uploads.put_part(first, 1, MemoryBlob(b"x"))
    begin(uploads)
    with pytest.raises(ApiError, match="all 2 uploads of this key are unfinished"):
        begin(uploads)
    assert uploads.find(first.id) is first
    assert files.pending_bytes == 1


def test_an_expired_upload_makes_room_and_releases_its_parts() -> None:
    uploads, files = make_uploads(files=2)
    first = begin(uploads)
    uploads.put_part(first, 1, MemoryBlob(b"x"))
    first.begun_at -= SIGNED_URL_SECONDS
    for _ in range(2):
        begin(uploads)
    assert files.pending_bytes == 0
    with pytest.raises(ApiError) as caught:
        uploads.find(first.id)
    assert caught.value.status == 404


def test_an_upload_is_found_under_its_own_file_only() -> None:
    uploads, _ = make_uploads()
    upload, other = begin(uploads), begin(uploads)
    assert uploads.find(upload.id, file_id=upload.stored_url.id) is upload
    with pytest.raises(ApiError):
        uploads.find(upload.id, file_id=other.stored_url.id)


def test_a_signature_is_for_one_upload_and_expires() -> None:
    clock = ManualClock()
    uploads, _ = make_uploads(clock)
    upload, other = (begin(uploads, is_signed=True) for _ in range(2))
    query = {"signature": upload.signature}
    assert uploads.find(upload.id, query) is upload
    wrong: tuple[dict[str, str], ...] = (
        {},
        {"signature": other.signature},
        {"signature": ""},
        {"signature": "9" * 5000},
    )
    for parameters in wrong:
        with pytest.raises(ApiError) as caught:
            uploads.find(upload.id, parameters)
        assert caught.value.status == 403
    clock.advance(3600)
    with pytest.raises(ApiError):
        uploads.find(upload.id, query)


def test_an_upload_in_one_request_is_stored_immediately() -> None:
    uploads, files = make_uploads()
    file = uploads.save("v3.fal.media", REQUEST, DEFAULT_LIFECYCLE, MemoryBlob(b"x"), "whole")
    assert files.find(file.stored_url.id) is file
    assert file.stored_url.url.startswith("https://v3.fal.media/files/")
