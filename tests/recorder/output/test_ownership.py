from __future__ import annotations

from pathlib import Path

import pytest

from fakefal.errors import FakefalError
from fakefal.recorder.distil.completeness import UNSIGNED
from fakefal.recorder.output.ownership import (
    FileState,
    backup_path,
    check_replaceable,
    files_in_backups,
    is_unedited,
    keep_backup,
    sign,
    state_of,
    unsign,
)
from tests.cases import failures
from tests.cli.running import GOOD

TEXT = f"fakefal: 1\nrecorded:\n  at: '2026-01-01T00:00:00Z'\n  source: x\n  digest: {UNSIGNED}\n"
RECORDING = sign(TEXT)

STATES = [
    (RECORDING, FileState.RECORDING),
    (RECORDING.replace("\n", "\r\n"), FileState.RECORDING),
    ("\ufeff" + RECORDING, FileState.RECORDING),
    (RECORDING + "\n\n", FileState.RECORDING),
    (RECORDING.replace("source: x", "source: y"), FileState.EDITED),
    (RECORDING + "name: mine\n", FileState.EDITED),
    (RECORDING + "# a note\n", FileState.EDITED),
    (RECORDING + "broken: [\n", FileState.EDITED),
    (TEXT, FileState.EDITED),
    (TEXT.replace(f"  digest: {UNSIGNED}\n", ""), FileState.EDITED),
    (GOOD, FileState.FOREIGN),
    ("", FileState.FOREIGN),
    ("mine", FileState.FOREIGN),
    ("- recorded: {at: now}\n", FileState.FOREIGN),
    ("recorded: {at: now}\n", FileState.FOREIGN),
    ("fakefal: 1\nrecorded: yes\n", FileState.FOREIGN),
    ("{[", FileState.FOREIGN),
    ("\udcff", FileState.FOREIGN),
]


def test_the_state_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    assert state_of(path) is FileState.ABSENT

    def check(text: str, state: FileState) -> None:
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        assert state_of(path) is state

    assert failures(check, STATES) == []
    with pytest.raises(FakefalError, match="cannot be written"):
        state_of(tmp_path)


def test_a_text_is_signed_once() -> None:
    assert is_unedited(RECORDING)
    assert not is_unedited(TEXT)
    assert sign(RECORDING) == RECORDING
    assert unsign(RECORDING) == TEXT
    assert sign(GOOD) == GOOD


def test_only_recordings_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    check_replaceable(path, force=False)
    path.write_text(RECORDING)
    check_replaceable(path, force=False)
    path.write_text(RECORDING + "# mine\n")
    check_replaceable(path, force=True)
    with pytest.raises(FakefalError, match=r"was edited .* pass --force .* kept as a\.yaml\.bak"):
        check_replaceable(path, force=False)
    path.write_text(GOOD)
    for force in (True, False):
        with pytest.raises(FakefalError, match="is not a recording made by fakefal"):
            check_replaceable(path, force=force)


def test_a_backup_replaces_only_a_backup_that_nobody_needs(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(RECORDING + "# 0123456789abcdef.png\n")
    assert keep_backup(path) == tmp_path / "a.yaml.bak"
    assert files_in_backups(path) == {"0123456789abcdef.png"}
    path.write_text(RECORDING)
    assert keep_backup(path) == tmp_path / "a.yaml.bak2"  # the first one holds an edit
    assert backup_path(path) == tmp_path / "a.yaml.bak2"
    assert keep_backup(path) == tmp_path / "a.yaml.bak2"
