"""The file store of a tenant: ids, limits, expiry, access."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.engine.core.clock import ManualClock
from fakefal.engine.files.blobs import MemoryBlob
from fakefal.engine.files.store import FileStore, StoredFile, tenant_tag_in, tenant_tag_of
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.storage.file_acl import Acl, Lifecycle
from fakefal.settings import Limits


def make_files(
    clock: ManualClock | None = None, key: str = "id:secret", **limits: Any
) -> FileStore:
    return FileStore(key, 7, clock or ManualClock(), Limits(**limits))


def keep(files: FileStore, data: bytes = b"x", **options: Any) -> StoredFile:
    url = files.new_url("v3b.fal.media", "a.png")
    return files.add(url, "a.png", "image/png", MemoryBlob(data), **options)


def status_of(files: FileStore, file_id: str, *names: str, is_owner: bool = False) -> int:
    try:
        files.open(file_id, names, is_owner=is_owner)
    except ApiError as error:
        return error.status
    return 200


def test_ids_are_derived_from_seed_and_key_and_contain_the_tenant_tag() -> None:
    one, same, other = make_files(), make_files(), make_files(key="other:key")
    first, second = one.new_url("v3.fal.media", "a"), one.new_url("v3.fal.media", "a")
    assert first.id != second.id
    assert same.new_url("v3.fal.media", "a") == first
    assert (
        tenant_tag_in(first.id) == one.tenant_tag == tenant_tag_of("id:secret") != other.tenant_tag
    )
    assert first.id.isalnum()
    assert len(first.id) == 21
    assert "secret" not in first.url


def test_different_files_keep_their_ids_in_any_order() -> None:
    one, other = make_files(), make_files()
    a, b = one.new_url("v3.fal.media", "a"), one.new_url("v3.fal.media", "b")
    assert [other.new_url("v3.fal.media", name) for name in "ba"] == [b, a]


def test_the_oldest_files_are_dropped_first_and_the_404_says_so() -> None:
    files = make_files(files=2)
    first, *_ = [keep(files) for _ in range(3)]
    assert (len(files), files.dropped) == (2, 1)
    with pytest.raises(ApiError) as caught:
        files.find(first.stored_url.id)
    assert "dropped to stay within limits" in caught.value.hint


def test_bytes_are_limited_and_a_larger_file_is_rejected() -> None:
    files = make_files(file_bytes=10)
    first, second = keep(files, b"x" * 6), keep(files, b"x" * 6)
    assert [status_of(files, file.stored_url.id) for file in (first, second)] == [404, 200]
    with pytest.raises(ApiError) as caught:
        keep(files, b"x" * 11)
    assert caught.value.status == 413
    files.pending_bytes = 9
    with pytest.raises(ApiError):
        keep(files, b"x" * 2)


def test_a_file_put_again_counts_once() -> None:
    files = make_files(file_bytes=10)
    url = files.new_url("v3.fal.media", "a")
    for _ in range(5):
        files.add(url, "a", "a/b", MemoryBlob(b"x" * 6))
    assert (len(files), files.dropped) == (1, 0)
    assert keep(files, b"x" * 4) in list(files)
    assert len(files) == 2


def test_counts_of_equal_files_are_limited() -> None:
    files = make_files(request_ids=2)
    for name in "abc":
        files.new_url("v3.fal.media", name)
    assert len(files._counts) == 2


def test_a_file_expires_on_the_clock() -> None:
    clock = ManualClock()
    files = make_files(clock)
    file = keep(files, lifecycle=Lifecycle(60.0))
    clock.advance(59.9)
    assert status_of(files, file.stored_url.id) == 200
    clock.advance(0.1)
    assert status_of(files, file.stored_url.id, is_owner=True) == 404


@pytest.mark.parametrize(("default", "expected"), [("allow", 200), ("forbid", 403), ("hide", 404)])
def test_the_owner_can_always_read(default: Any, expected: int) -> None:
    files = make_files()
    file = keep(files, lifecycle=Lifecycle(None, Acl(default, (("friend", "allow"),))))
    assert status_of(files, file.stored_url.id) == expected
    assert status_of(files, file.stored_url.id, "friend") == 200
    assert status_of(files, file.stored_url.id, is_owner=True) == 200


@pytest.mark.parametrize(
    ("defect", "expected"),
    [("expired", 404), ("missing", 404), ("forbidden", 403), ("truncated", 200), ("slow", 200)],
)
def test_a_defect_affects_the_owner_too(defect: Any, expected: int) -> None:
    files = make_files()
    file = keep(files, defect=defect)
    assert status_of(files, file.stored_url.id, is_owner=True) == expected


def test_forgotten_ids_are_not_reused() -> None:
    files = FileStore("id:secret", 0, ManualClock(), Limits(request_ids=2))
    new_ids = [files.new_id("file", name)[0] for name in "aabcdaabcd"]
    assert len(set(new_ids)) == len(new_ids)
