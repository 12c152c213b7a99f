from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fakefal.errors import FakefalError
from fakefal.recorder.output.lock import FileLock

HOLD = """
import sys
from pathlib import Path
from fakefal.recorder.output.lock import FileLock
FileLock(Path(sys.argv[1])).acquire()
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_second_recorder_of_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.yaml"
    first, second = FileLock(path), FileLock(path)
    first.acquire()
    with pytest.raises(FakefalError, match=r"a\.yaml is being recorded by another process"):
        second.acquire()
    FileLock(path.with_name("b.yaml")).acquire()
    first.release()
    first.release()
    second.acquire()
    second.release()
    assert [*path.parent.glob(".a.yaml*")] == []


def test_a_folder_that_is_not_needed_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "newer" / "a.yaml"
    for name in ("", "kept"):
        lock = FileLock(path)
        lock.acquire()
        if name:
            path.with_name(name).write_text("x")
        lock.release()
        assert (tmp_path / "new").exists() == bool(name)


def test_the_lock_of_a_killed_recorder_is_free(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "locked\n"
    with pytest.raises(FakefalError, match="is being recorded"):
        FileLock(path).acquire()
    holder.kill()
    holder.communicate()
    lock = FileLock(path)
    lock.acquire()
    lock.release()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FakefalError, match="cannot be written"):
        FileLock(tmp_path / "file" / "a.yaml").acquire()
