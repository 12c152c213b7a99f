from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from fakefal.errors import FakefalError
from fakefal.recorder.output.atomic import check_writable, move, write_atomically


def test_an_unwritable_path_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FakefalError, match=r"cannot be written: .* — choose another path"):
        write_atomically(tmp_path / "file" / "a.yaml", b"x")


@pytest.mark.parametrize("has_unnamed_files", [True, False])
def test_a_file_is_replaced_atomically(
    has_unnamed_files: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_unnamed_files:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    path = tmp_path / "a.yaml"
    (tmp_path / ".a.yaml.new").write_text("left by a run that died")
    for data in (b"one", b"two"):
        write_atomically(path, data)
        assert path.read_bytes() == data
    path.chmod(0o600)
    write_atomically(path, b"three")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["a.yaml"]


def test_a_full_disk_is_found_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_writable(tmp_path / "new" / "a.yaml")
    assert [*(tmp_path / "new").iterdir()] == []

    def fail(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(FakefalError, match=r"a\.yaml cannot be written: No space left on device"):
        check_writable(tmp_path / "a.yaml")


def test_a_move_that_fails_changes_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_text("new")
    target.mkdir()
    with pytest.raises(FakefalError, match="cannot be written"):
        move(source, target)
    assert source.read_text() == "new"
