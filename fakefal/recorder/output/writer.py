"""Writes recordings atomically, as YAML whose diff shows only what differs in the traffic."""

from __future__ import annotations

import re
from pathlib import Path

from fakefal.errors import FakefalError, ScenarioError
from fakefal.protocol.core.call import Json
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import DistilResult
from fakefal.recorder.output.atomic import cannot_write, move, write_atomically
from fakefal.recorder.output.ownership import (
    check_replaceable,
    files_in_backups,
    is_unedited,
    keep_backup,
    sign,
    unsign,
)
from fakefal.scenario.files.loader import load_text
from fakefal.scenario.files.source import Source
from fakefal.scenario.files.yaml_text import read_yaml, write_blocks

_HASHED_NAME = re.compile(r"[0-9a-f]{16}\.\w+")

_SECTIONS = ("exchanges", "routes")

_ONE_LINE = re.compile(r"\{?exchanges: \[(.*)\]\}?\n")
"""A list of one short exchange as ``write_blocks`` writes it."""

_HEAD = """\
# A recording of {source} on {day}, made by fakefal{version}.
# Edit it like any scenario; `fakefal check` finds mistakes.
"""


class Writer:
    """Writes one recording repeatedly, each time completely; the only one that writes scenarios.

    Nothing is written that ``fakefal check`` would refuse: an exchange that is not valid is left
    out, and listed in ``notes`` of the result. ``folder`` is the name of the folder beside the
    file that holds its media. ``base_text`` is a scenario to which the exchanges are appended. The
    YAML of unchanged exchanges is cached.

    A file that exists is replaced only by ``finish``, and only if it is a recording that nobody
    has edited; ``force`` allows an edited one. Until then ``write`` writes ``FILE.part``. Raises
    FakefalError for a file that must not be replaced.
    """

    def __init__(
        self,
        path: Path,
        redactor: Redactor,
        *,
        base_text: str | None = None,
        force: bool = False,
        keeps_backup: bool = True,
    ) -> None:
        check_name(path)
        self.path = path
        self.folder = folder_of(path)
        self.backup: Path | None = None
        self._redactor = redactor
        self._base_text = base_text
        self._keeps_backup = keeps_backup
        self._formatted: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        self._written_files: set[str] = set()
        self.part_path = path
        self._original = _read(path)
        if self._original is not None and base_text is None:
            check_replaceable(path, force=force)
            self.part_path = path.with_name(f"{path.name}.part")
            check_replaceable(self.part_path, force=True)
        self._last_written = _read(self.part_path)

    @property
    def replaces_file(self) -> bool:
        """Whether there was a file, which stays until ``finish``."""
        return self.part_path != self.path

    def text(self, distilled: DistilResult) -> str:
        """The file's text; raises FakefalError if it would contain a known secret."""
        exchanges = distilled.scenario["exchanges"]
        if self._base_text is None:
            text = sign(self._head(distilled) + "".join(self._exchange_blocks(exchanges)))
        else:
            # A file that was edited stays marked as one: its old digest does not fit.
            base = self._base_text
            base = unsign(base) if is_unedited(base) else base
            text = append_exchanges(base, exchanges, str(self.path))
            routes = distilled.scenario.get("routes", [])
            text = sign(append_exchanges(text, routes, str(self.path), "routes"))
        self._redactor.check_text(text, str(self.path))
        return text

    def write(self, distilled: DistilResult) -> None:
        """Write new files, then the scenario; raises FakefalError."""
        self._write(distilled, check=False)

    def _write(self, distilled: DistilResult, *, check: bool) -> None:
        for name, data in distilled.files.items():
            if name not in self._written_files:
                self._redactor.check_bytes(data, name)
                write_atomically(self.path.parent / name, data)
                self._written_files.add(name)
        self._leave_out_invalid(distilled)
        text = self.text(distilled)
        if check:  # as a whole, which takes too long after each call of a recording
            load_text(text, str(self.path), is_json=False)
        data = text.encode()
        if _read(self.part_path) != self._last_written:
            raise _changed(self.part_path)
        if self._base_text is not None and not data.startswith(
            self._base_text.rstrip("\n").encode()
        ):
            self._keep_backup()  # its comments could not be kept
        write_atomically(self.part_path, data)
        self._last_written = data

    def finish(self, distilled: DistilResult) -> None:
        """Write everything, and put it in place of an existing file, of which a backup is kept.

        Raises FakefalError, after which the existing file is as it was.
        """
        self._write(distilled, check=True)
        if self.replaces_file:
            if _read(self.path) != self._original:
                raise FakefalError(f"{_changed(self.path)}; the recording is in {self.part_path}")
            self._keep_backup()
            move(self.part_path, self.path)
        if self._base_text is None:
            _remove_stale_files(
                self.path.parent / self.folder,
                {*distilled.files} | {f"{self.folder}/{it}" for it in files_in_backups(self.path)},
            )

    def _keep_backup(self) -> None:
        if self._keeps_backup and self.backup is None and self.path.exists():
            self.backup = keep_backup(self.path)

    def _leave_out_invalid(self, distilled: DistilResult) -> None:
        """Remove exchanges and routes that could not be loaded again, and say so."""
        for section in _SECTIONS:
            valid: list[Json] = []
            for item in distilled.scenario.get(section, []):
                if error := self._problem_of(section, item, distilled.scenario):
                    name = item.get("id") or section.removesuffix("s")
                    distilled.notes.append(f"{name}: it would not be valid: {error}")
                else:
                    valid.append(item)
            if section in distilled.scenario:
                distilled.scenario[section] = valid

    def _problem_of(self, section: str, item: Json, scenario: Json) -> str:
        """Why an exchange or route cannot be loaded; empty if it can. Each is tried once."""
        key = f"{section}{item!r}"
        if key not in self._problems:
            data = {"fakefal": 1, "options": scenario.get("options"), section: [item]}
            try:
                load_text(write_blocks(_non_empty(data)), str(self.path), is_json=False)
                self._problems[key] = ""
            except ScenarioError as error:
                self._problems[key] = error.problems[0].message
        return self._problems[key]

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
        fields = write_blocks(_non_empty({**data, "exchanges": None}))
        # YAML ends a text with blank lines at its end by "...", which would end the document.
        return head + note_lines + fields.removesuffix("...\n")

    def _exchange_blocks(self, exchanges: list[Json]) -> list[str]:
        formatted: dict[str, str] = {}
        for exchange in exchanges:
            key = repr(exchange)
            formatted[key] = self._formatted.get(key) or format_exchange(exchange)
        self._formatted = formatted
        if not exchanges:
            return ["exchanges: []\n"]
        return ["exchanges:\n", *(formatted[repr(exchange)] for exchange in exchanges)]


def append_exchanges(text: str, items: list[Json], file: str, section: str = "exchanges") -> str:
    """A scenario with exchanges, or routes, appended; its text, comments included, stays if YAML
    allows."""
    if not items:
        return text
    source = read_yaml(text, file)
    position = source.value_positions.get((section, 0))
    indent = " " * (position[1] - 3 if position is not None else 2)
    existing = source.data.get(section) or []
    new_items = _with_unique_ids(items, existing)
    blocks = [line for item in new_items for line in format_exchange(item).splitlines()]
    added = "".join(f"{indent}{line.removeprefix('  ')}".rstrip() + "\n" for line in blocks)
    if position is None:
        head = re.sub(rf"(?m)^{section}:.*\n", "", text.rstrip("\n") + "\n")
        extended_text = f"{head.rstrip()}\n\n{section}:\n{added}"
    else:
        extended_text = _inserted(text, added, section, source)
    try:
        load_text(extended_text, file, is_json=False)
        if len(read_yaml(extended_text, file).data.get(section) or []) == len(existing) + len(
            items
        ):
            return extended_text
    except ScenarioError:
        pass
    return write_blocks({**source.data, section: [*existing, *new_items]})


def _inserted(text: str, added: str, section: str, source: Source) -> str:
    """A text with lines at the end of a section, before the next key of the mapping."""
    lines = text.rstrip("\n").splitlines(keepends=True)
    start = source.key_positions[(section,)][0]
    following = [
        line for path, (line, _) in source.key_positions.items() if len(path) == 1 and line > start
    ]
    if not following:
        return f"{text.rstrip()}\n\n{added}"
    end = min(following) - 1
    return f"{''.join(lines[:end]).rstrip()}\n\n{added}\n{''.join(lines[end:])}\n"


def _with_unique_ids(items: list[Json], existing: list[Json]) -> list[Json]:
    """Exchanges or routes whose ids are unique in the file."""
    taken = {item.get("id") for item in existing}
    renamed = []
    for item in items:
        name, number = item["id"].rsplit(" ", 1)
        count = int(number)
        while f"{name} {count}" in taken:
            count += 1
        taken.add(f"{name} {count}")
        renamed.append({**item, "id": f"{name} {count}"})
    return renamed


def format_exchange(exchange: Json) -> str:
    """An exchange as an item of the YAML list ``exchanges``."""
    text = write_blocks({"exchanges": [exchange]}).removesuffix("...\n")
    if (short := _ONE_LINE.fullmatch(text)) is not None:
        return f"  - {short[1]}\n\n"
    return text.partition("\n")[2] + "\n"


def _remove_stale_files(folder: Path, used: set[str]) -> None:
    """Remove files that only a recording that is gone used."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if _HASHED_NAME.fullmatch(path.name) and f"{folder.name}/{path.name}" not in used:
            path.unlink(missing_ok=True)


def _non_empty(data: Json) -> Json:
    return {name: value for name, value in data.items() if value}


def _changed(path: Path) -> FakefalError:
    return FakefalError(
        f"{path} was changed by another program during the recording, so it is not replaced"
    )


def _read(path: Path) -> bytes | None:
    """The bytes of a file; None if there is none. Raises FakefalError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot_write(path, error) from None


def check_name(path: Path) -> None:
    """Raise FakefalError unless the name is that of a YAML file."""
    if path.suffix not in (".yaml", ".yml"):
        raise FakefalError(
            f"{path}: a recording is a YAML file — name it {path.stem or 'session'}.yaml"
        )


def folder_of(path: Path) -> str:
    """The name of the folder for a recording's files: ``session.files`` for session.yaml."""
    return f"{path.name.partition('.')[0] or 'recording'}.files"


def _to_comment(text: str) -> str:
    """Text in one line, without control characters."""
    return "".join(character if character.isprintable() else " " for character in text)
