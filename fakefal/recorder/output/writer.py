"""Writes recordings: YAML that differs only where the conversation did, whole or not at all."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from fakefal.errors import FakefalError, ScenarioError
from fakefal.protocol.core.call import Json
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import Distilled
from fakefal.scenario.files.loader import load_text
from fakefal.scenario.files.yaml_text import read_yaml, write_blocks

_HEAD = """\
# A recording: what {source} answered on {day}.
# Made by fakefal{version}. Edit it like any scenario; `fakefal check` finds mistakes.
"""


class Writer:
    """Writes one recording again and again, each time as a whole.

    ``folder`` holds its files, beside it. ``added_to`` is the text of a scenario that stays as it
    is, the exchanges being added to it. Exchanges that did not change are not worded again.
    """

    def __init__(
        self, path: Path, redactor: Redactor, folder: str = "", added_to: str | None = None
    ) -> None:
        self.path = path
        self.folder = folder or folder_of(path)
        self._redactor = redactor
        self._added_to = added_to
        self._worded: dict[str, str] = {}
        self._kept: set[str] = set()

    def text(self, distilled: Distilled) -> str:
        """The file; raises FakefalError where a known secret would stand in it."""
        if self._added_to is None:
            text = self._head(distilled) + "".join(self._listed(distilled.data["exchanges"]))
        else:
            text = extended(self._added_to, distilled.data["exchanges"], str(self.path))
        self._redactor.check(text, str(self.path))
        return text

    def write(self, distilled: Distilled) -> None:
        """Write the files, then the scenario; raises FakefalError where it cannot be.

        What was there before stays as it was until all of it is written.
        """
        text = self.text(distilled)
        for name, data in distilled.files.items():
            if name not in self._kept:
                self._redactor.check_bytes(data, name)
                put(self.path.parent / name, data)
                self._kept.add(name)
        put(self.path, text.encode())

    def _head(self, distilled: Distilled) -> str:
        data = distilled.data
        header = data.get("recorded", {})
        made_by = header.get("fakefal")
        head = _HEAD.format(
            source=_line(str(header.get("source", "?"))),
            day=str(header.get("at", ""))[:10],
            version=f" {made_by}" if made_by else "",
        )
        notes = map(_line, map(self._redactor.text, distilled.notes))
        told = "".join(f"# Not recorded: {note}\n" for note in notes)
        top = {name: value for name, value in data.items() if name != "exchanges" and value}
        return head + told + write_blocks(top)

    def _listed(self, exchanges: list[Json]) -> list[str]:
        fresh: dict[str, str] = {}
        for exchange in exchanges:
            key = repr(exchange)
            fresh[key] = self._worded.get(key) or in_list(exchange)
        self._worded = fresh
        if not exchanges:
            return ["exchanges: []\n"]
        return ["exchanges:\n", *(fresh[repr(exchange)] for exchange in exchanges)]


def extended(text: str, exchanges: list[Json], file: str) -> str:
    """A scenario with exchanges added at its end; all that stands in it stays, comments too."""
    if not exchanges:
        return text
    source = read_yaml(text, file)
    place = source.values.get(("exchanges", 0))
    indent = " " * (place[1] - 3 if place is not None else 2)
    body = text.rstrip("\n") + "\n\n"
    if place is None:
        body = re.sub(r"(?m)^exchanges:.*\n", "", body) + "exchanges:\n"
    lines = "".join(map(in_list, _renamed(exchanges, source.data))).splitlines()
    added = "".join(f"{indent}{line.removeprefix('  ')}".rstrip() + "\n" for line in lines)
    grown = body + added
    try:
        known = len(source.data.get("exchanges") or [])
        if len(load_text(grown, file, is_json=False).entries) == known + len(exchanges):
            return grown
    except ScenarioError:
        pass
    data = {**source.data, "exchanges": [*(source.data.get("exchanges") or []), *exchanges]}
    return write_blocks(data)


def _renamed(exchanges: list[Json], data: Json) -> list[Json]:
    """Exchanges with ids that no other one of the file has."""
    taken = {exchange.get("id") for exchange in data.get("exchanges") or []}
    found = []
    for exchange in exchanges:
        name, number = exchange["id"].rsplit(" ", 1)
        count = int(number)
        while f"{name} {count}" in taken:
            count += 1
        taken.add(f"{name} {count}")
        found.append({**exchange, "id": f"{name} {count}"})
    return found


def in_list(exchange: Json) -> str:
    """An exchange as it stands in the list of a file."""
    return write_blocks({"exchanges": [exchange]}).partition("\n")[2] + "\n"


def check_name(path: Path) -> None:
    """Refuse a name that no recording can have; raises FakefalError."""
    if path.suffix not in (".yaml", ".yml"):
        raise FakefalError(f"{path}: a recording is YAML — name it {path.stem or 'session'}.yaml")


def folder_of(path: Path) -> str:
    """The folder beside a recording that holds its files: ``session.files`` for session.yaml."""
    return f"{path.name.partition('.')[0] or 'recording'}.files"


def put(path: Path, data: bytes) -> None:
    """Put bytes there at once: nobody ever sees half of them, whenever the power goes.

    On Linux they have no name until they are complete; elsewhere a temporary one, which is removed
    when the next recording is written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
        complete = path.parent / f".{path.name}.new"
        complete.unlink(missing_ok=True)
        _fill(complete, data, mode)
        os.replace(complete, path)
        _settle(path.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FakefalError(f"{path} cannot be written: {reason} — name another place") from None


def _fill(path: Path, data: bytes, mode: int) -> None:
    """Make a file that is complete from the moment it is there, where the system can."""
    unnamed = getattr(os, "O_TMPFILE", 0)
    if unnamed:
        try:
            number = os.open(path.parent, os.O_WRONLY | unnamed, mode)
        except OSError:  # this file system has none
            unnamed = 0
    if not unnamed:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(number, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        if unnamed:
            _name(file.fileno(), path)


def _name(number: int, path: Path) -> None:
    """Give a file that has no name one. A folder makes Python follow the link (linkat)."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.link(f"/proc/self/fd/{number}", path, src_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _settle(folder: Path) -> None:
    """Make the new name last as well, where folders can be told to."""
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _line(text: str) -> str:
    """Text as a comment can hold it."""
    return "".join(character if character.isprintable() else " " for character in text)
