"""Whether a file may be replaced: only recordings of ours that nobody has edited since.

A recording carries a digest of its own text in its header, so that edits by hand are noticed.
"""

from __future__ import annotations

import re
from enum import Enum
from hashlib import sha256
from pathlib import Path

from fakefal.errors import FakefalError, ScenarioError
from fakefal.recorder.distil.completeness import UNSIGNED
from fakefal.recorder.output.atomic import cannot_write, write_atomically
from fakefal.scenario.files.loader import MAX_BYTES
from fakefal.scenario.files.yaml_text import read_yaml

_DIGEST = re.compile(r"(\bdigest: ['\"]?)(sha256-[0-9a-f]{16})\b")
_HASHED_NAME = re.compile(r"\b[0-9a-f]{16}\.\w+")


class FileState(Enum):
    """What a path holds now."""

    ABSENT = "absent"
    RECORDING = "a recording as it was written"
    EDITED = "a recording that was edited"
    FOREIGN = "something else"


def sign(text: str) -> str:
    """A recording's text with its digest in place of ``UNSIGNED``; other text stays as it is."""
    if UNSIGNED not in text:
        return text
    return text.replace(UNSIGNED, _digest_of(text), 1)


def unsign(text: str) -> str:
    """A recording's text with ``UNSIGNED`` in place of its digest."""
    return _DIGEST.sub(rf"\g<1>{UNSIGNED}", text, count=1)


def is_unedited(text: str) -> bool:
    """Whether a text has a digest, and is the text that was signed; line ends do not count."""
    found = _DIGEST.search(text)
    return found is not None and found[2] == _digest_of(unsign(text))


def state_of(path: Path) -> FileState:
    """The state of a file; raises FakefalError if it cannot be read."""
    try:
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            return FileState.FOREIGN
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return FileState.ABSENT
    except UnicodeDecodeError:
        return FileState.FOREIGN
    except OSError as error:
        raise cannot_write(path, error) from None
    return state_of_text(text, str(path))


def state_of_text(text: str, file: str) -> FileState:
    """The state of a file with this text."""
    if is_unedited(text):
        return FileState.RECORDING
    try:
        data = read_yaml(text, file).data
    except ScenarioError:
        # An edit that broke the YAML must not turn a recording into something nobody owns.
        return FileState.EDITED if _DIGEST.search(text) else FileState.FOREIGN
    header = data.get("recorded") if isinstance(data, dict) else None
    is_ours = isinstance(header, dict) and "at" in header and "fakefal" in data
    return FileState.EDITED if is_ours else FileState.FOREIGN


def check_replaceable(path: Path, *, force: bool) -> None:
    """Raise FakefalError if a recording must not be written to this path.

    ``force`` allows to replace a recording that was edited, and nothing else.
    """
    state = state_of(path)
    if state is FileState.FOREIGN:
        raise FakefalError(
            f"{path} is not a recording made by fakefal, so it is not replaced — name another "
            "file, or move this one away"
        )
    if state is FileState.EDITED and not force:
        raise FakefalError(
            f"{path} was edited after it was recorded, and would be replaced — pass --force to "
            f"replace it (the edited file is kept as {backup_path(path).name}), or name another "
            "file"
        )


def backup_path(path: Path) -> Path:
    """Where a file is kept before it is replaced: ``session.yaml.bak``.

    A backup of a recording as it was written is replaced by the next one; any other file of that
    name stays, and a number is added.
    """
    number = 1
    while True:
        backup = path.with_name(f"{path.name}.bak{number if number > 1 else ''}")
        if state_of(backup) in (FileState.ABSENT, FileState.RECORDING):
            return backup
        number += 1


def keep_backup(path: Path) -> Path:
    """Copy a file to its backup path, which it returns; raises FakefalError."""
    backup = backup_path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise cannot_write(backup, error) from None
    write_atomically(backup, data)
    return backup


def files_in_backups(path: Path) -> set[str]:
    """The names of hashed media files that backups of a recording refer to."""
    names: set[str] = set()
    for backup in path.parent.glob(f"{path.name}.bak*"):
        try:
            names.update(_HASHED_NAME.findall(backup.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError):
            continue
    return names


def _digest_of(text: str) -> str:
    # Git may check a file out with other line ends, and an editor may add a byte order mark.
    canonical = text.removeprefix("\ufeff").replace("\r\n", "\n").rstrip("\n")
    return f"sha256-{sha256(canonical.encode()).hexdigest()[:16]}"
