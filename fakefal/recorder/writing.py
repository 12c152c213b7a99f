"""Writes recordings: YAML that differs only where the conversation did, whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from fakefal.errors import FakefalError
from fakefal.recorder.distil import Distilled
from fakefal.recorder.redaction import Redactor
from fakefal.scenario.loading import load_text
from fakefal.scenario.yaml_text import write_blocks

_HEAD = """\
# yaml-language-server: $schema={schema}
# A recording: what {source} answered on {day}.
# Made by fakefal {version}. Edit it like any scenario; `fakefal check` finds mistakes.
"""
_SCHEMA = "https://raw.githubusercontent.com/fakefal/fakefal/main/scenarios/scenario.schema.json"


class Writer:
    """Writes one recording again and again, each time as a whole.

    Exchanges that did not change are not worded again.
    """

    def __init__(self, path: Path, redactor: Redactor) -> None:
        self.path = path
        self._redactor = redactor
        self._worded: dict[str, str] = {}
        self._kept: set[str] = set()

    @property
    def folder(self) -> str:
        """The folder of its files, as the scenario names it."""
        return folder_of(self.path)

    def text(self, distilled: Distilled) -> str:
        """The file; raises FakefalError where a known secret would stand in it."""
        data = distilled.data
        header = data.get("recorded", {})
        head = _HEAD.format(
            schema=_SCHEMA,
            source=_line(str(header.get("source", "?"))),
            day=str(header.get("at", ""))[:10],
            version=header.get("fakefal", "?"),
        )
        top = {name: value for name, value in data.items() if name != "exchanges"}
        parts = [
            head,
            *(f"# Not recorded: {_line(self._redactor.text(it))}\n" for it in distilled.notes),
        ]
        parts.append(write_blocks(top))
        exchanges = data["exchanges"]
        parts.append("exchanges:\n" if exchanges else "exchanges: []\n")
        fresh: dict[str, str] = {}
        for exchange in exchanges:
            key = repr(exchange)
            fresh[key] = self._worded.get(key) or write_blocks([exchange])
            parts.append(fresh[key])
        self._worded = fresh
        text = "".join(parts)
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
                _put(self.path.parent / name, data)
                self._kept.add(name)
        _put(self.path, text.encode())


def folder_of(path: Path) -> str:
    """The folder beside a recording that holds its files: ``session.files`` for session.yaml."""
    return f"{path.name.partition('.')[0] or 'recording'}.files"


def check_written(text: str, path: Path) -> None:
    """Whether what is written can be read; raises ScenarioError."""
    load_text(text, str(path), is_json=False)


def _put(path: Path, data: bytes) -> None:
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
            os.link(f"/proc/self/fd/{file.fileno()}", path, follow_symlinks=True)


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


__all__ = ["Any", "Writer", "check_written", "folder_of"]
