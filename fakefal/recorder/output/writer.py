"""Writes recordings atomically, as YAML whose diff shows only what differs in the traffic."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from fakefal.errors import FakefalError, ScenarioError
from fakefal.protocol.core.call import Json
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import DistilResult
from fakefal.scenario.files.loader import load_text
from fakefal.scenario.files.yaml_text import read_yaml, write_blocks

_HEAD = """\
# A recording of {source} on {day}, made by fakefal{version}.
# Edit it like any scenario; `fakefal check` finds mistakes.
"""


class Writer:
    """Writes one recording repeatedly, each time completely.

    ``folder`` is the name of the folder beside it that holds its files. ``base_text`` is a scenario
    to which the exchanges are appended. The YAML of unchanged exchanges is cached.
    """

    def __init__(
        self, path: Path, redactor: Redactor, folder: str = "", base_text: str | None = None
    ) -> None:
        self.path = path
        self.folder = folder or folder_of(path)
        self._redactor = redactor
        self._base_text = base_text
        self._formatted: dict[str, str] = {}
        self._written_files: set[str] = set()

    def text(self, distilled: DistilResult) -> str:
        """The file's text; raises FakefalError if it would contain a known secret."""
        if self._base_text is None:
            text = self._head(distilled) + "".join(
                self._exchange_blocks(distilled.scenario["exchanges"])
            )
        else:
            text = append_exchanges(
                self._base_text, distilled.scenario["exchanges"], str(self.path)
            )
        self._redactor.check_text(text, str(self.path))
        return text

    def write(self, distilled: DistilResult) -> None:
        """Write new files, then the scenario; raises FakefalError."""
        text = self.text(distilled)
        for name, data in distilled.files.items():
            if name not in self._written_files:
                self._redactor.check_bytes(data, name)
                write_atomically(self.path.parent / name, data)
                self._written_files.add(name)
        write_atomically(self.path, text.encode())

    def _head(self, distilled: DistilResult) -> str:
        data = distilled.scenario
        header = data.get("recorded", {})
        made_by = header.get("fakefal")
        head = _HEAD.format(
            source=_to_comment(str(header.get("source", "?"))),
            day=str(header.get("at", ""))[:10],
            version=f" {made_by}" if made_by else "",
        )
        notes = map(_to_comment, map(self._redactor.redact_text, distilled.notes))
        note_lines = "".join(f"# Not recorded: {note}\n" for note in notes)
        scenario_fields = {
            name: value for name, value in data.items() if name != "exchanges" and value
        }
        return head + note_lines + write_blocks(scenario_fields)

    def _exchange_blocks(self, exchanges: list[Json]) -> list[str]:
        formatted: dict[str, str] = {}
        for exchange in exchanges:
            key = repr(exchange)
            formatted[key] = self._formatted.get(key) or format_exchange(exchange)
        self._formatted = formatted
        if not exchanges:
            return ["exchanges: []\n"]
        return ["exchanges:\n", *(formatted[repr(exchange)] for exchange in exchanges)]


def append_exchanges(text: str, exchanges: list[Json], file: str) -> str:
    """A scenario with exchanges appended; its text, comments included, stays if YAML allows."""
    if not exchanges:
        return text
    source = read_yaml(text, file)
    position = source.value_positions.get(("exchanges", 0))
    indent = " " * (position[1] - 3 if position is not None else 2)
    new_text = text.rstrip("\n") + "\n\n"
    if position is None:
        new_text = re.sub(r"(?m)^exchanges:.*\n", "", new_text) + "exchanges:\n"
    lines = "".join(map(format_exchange, _with_unique_ids(exchanges, source.data))).splitlines()
    added_lines = "".join(f"{indent}{line.removeprefix('  ')}".rstrip() + "\n" for line in lines)
    extended_text = new_text + added_lines
    try:
        existing_count = len(source.data.get("exchanges") or [])
        if len(load_text(extended_text, file, is_json=False).exchanges) == existing_count + len(
            exchanges
        ):
            return extended_text
    except ScenarioError:
        pass
    data = {**source.data, "exchanges": [*(source.data.get("exchanges") or []), *exchanges]}
    return write_blocks(data)


def _with_unique_ids(exchanges: list[Json], data: Json) -> list[Json]:
    """Exchanges whose ids are unique in the file."""
    taken = {exchange.get("id") for exchange in data.get("exchanges") or []}
    renamed = []
    for exchange in exchanges:
        name, number = exchange["id"].rsplit(" ", 1)
        count = int(number)
        while f"{name} {count}" in taken:
            count += 1
        taken.add(f"{name} {count}")
        renamed.append({**exchange, "id": f"{name} {count}"})
    return renamed


def format_exchange(exchange: Json) -> str:
    """An exchange as an item of the YAML list ``exchanges``."""
    return write_blocks({"exchanges": [exchange]}).partition("\n")[2] + "\n"


def check_name(path: Path) -> None:
    """Raise FakefalError unless the name is that of a YAML file."""
    if path.suffix not in (".yaml", ".yml"):
        raise FakefalError(
            f"{path}: a recording is a YAML file — name it {path.stem or 'session'}.yaml"
        )


def folder_of(path: Path) -> str:
    """The name of the folder for a recording's files: ``session.files`` for session.yaml."""
    return f"{path.name.partition('.')[0] or 'recording'}.files"


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
        reason = error.strerror or str(error)
        raise FakefalError(f"{path} cannot be written: {reason} — choose another path") from None


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


def _to_comment(text: str) -> str:
    """Text in one line, without control characters."""
    return "".join(character if character.isprintable() else " " for character in text)
