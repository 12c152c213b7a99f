"""The marker ``fakefal``: read, checked, and put together from function, class and module."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from fakefal.testing.config.settings import SETTINGS, Setting, Told, read_mark, read_options

MARK = "fakefal"
_METAVARS = {"paths": "PATH", "options": "NAME=VALUE", "texts": "PATTERN"}
_HELP = (
    "fakefal(scenario=…, clock=…, options=…, record=…, strict=…, …): how the fake of a test is to "
    "be; a test with it has the fixture without naming it"
)


def add_options(parser: pytest.Parser) -> None:
    """The flags and ini options of the table."""
    group = parser.getgroup("fakefal", "fakefal: a local fake of fal.ai")
    for setting in SETTINGS:
        help_ = f"{setting.told} (ini: {setting.ini}"
        if setting.kind == "word":
            group.addoption(
                setting.option,
                choices=setting.words,
                default=None,
                help=f"{help_}; {'|'.join(setting.words)}{_default(setting)})",
            )
            parser.addini(setting.ini, help_.partition(" (ini")[0], default="")
        elif setting.kind == "switch":
            no = "no-" if setting.default else ""
            group.addoption(
                f"--fakefal-{no}{setting.name}",
                dest=setting.ini,
                action="store_const",
                const=not setting.default,
                default=None,
                help=f"{'do not ' if no else ''}{help_})",
            )
            parser.addini(setting.ini, setting.told, type="bool", default=setting.default)
        elif setting.kind == "text":
            metavar = "DURATION" if setting.default else "URL"
            help_ += f"{_default(setting)})"
            group.addoption(
                setting.option, dest=setting.ini, default=None, metavar=metavar, help=help_
            )
            parser.addini(setting.ini, setting.told, default="")
        else:
            group.addoption(
                setting.option,
                dest=setting.ini,
                action="append",
                default=None,
                metavar=_METAVARS[setting.kind],
                help=f"{help_}; may be repeated)",
            )
            type_: Any = "paths" if setting.kind == "paths" else "linelist"
            parser.addini(setting.ini, setting.told, type=type_, default=None)


def _default(setting: Setting) -> str:
    return f", default {setting.default}" if setting.default else ""


def configured(config: pytest.Config) -> dict[str, Any]:
    """What command line and ini file say, by name; raises pytest.UsageError."""
    found: dict[str, Any] = {}
    for setting in SETTINGS:
        flag = config.getoption(setting.ini, None)
        value = flag if flag is not None else config.getini(setting.ini)
        if setting.kind == "word":
            value = value or setting.default
            if value not in (*setting.words, setting.default):
                raise pytest.UsageError(
                    f'{setting.ini} = "{value}" — one of {", ".join(setting.words)}'
                )
        elif setting.kind == "paths":
            folder = config.invocation_params.dir
            value = [folder / path for path in value or ()]
        elif setting.kind == "options":
            value, wrong = read_options(value or ())
            if wrong:
                raise pytest.UsageError(f"{setting.ini}: {'; '.join(wrong)}")
        elif setting.kind in ("text", "texts"):
            value = value or setting.default
        found[setting.name] = value
    return found


def told_by_marks(item: pytest.Item) -> Told:
    """What the markers of a test say: the nearest one counts, scenarios are put together."""
    told = Told()
    told.is_marked = False
    for node, mark in item.iter_markers_with_node(MARK):
        values, _ = read_mark(mark.args, mark.kwargs)
        for scenario in values.pop("scenario", ()):
            path = beside(item, scenario)
            told.scenarios.append((path, node is item))
            if told.recording is None and not told.is_marked and isinstance(path, Path):
                told.recording = path
        told.is_marked = told.is_marked or "record" in values
        options = values.pop("options", None)
        if options:
            told.values["options"] = {**options, **told.values.get("options", {})}
        for name, value in values.items():
            told.values.setdefault(name, value)
    return told


def place_recording(item: pytest.Item, told: Told) -> None:
    """Say where a test is recorded that names no file, and how."""
    from fakefal.testing.config.recordings import (  # most runs record nothing
        command_for,
        usual_path,
    )

    if told.recording is None:
        kinds = [it.name for it in item.listchain() if isinstance(it, pytest.Class)]
        told.recording = usual_path(item.path, [*kinds, item.name])
    told.forced = item.config.getoption("fakefal_record") or ""
    told.command = command_for(item.nodeid)


def beside(node: pytest.Item, scenario: Any) -> Any:
    """A scenario as it is loaded: relative paths begin at the test file."""
    return scenario if isinstance(scenario, dict) else node.path.parent / Path(scenario)


def check_marks(items: Iterable[pytest.Item]) -> None:
    """Give marked tests the fixture; raises pytest.UsageError for all that is wrong with marks."""
    wrong: dict[str, None] = {}
    for item in items:
        marks = list(item.iter_markers_with_node(MARK))
        for node, mark in marks:
            _, mistakes = read_mark(mark.args, mark.kwargs)
            where = node.nodeid or str(node.path)
            wrong.update(dict.fromkeys(f"{where}: @pytest.mark.fakefal: {it}" for it in mistakes))
        names = getattr(item, "fixturenames", None)
        if marks and names is not None and MARK not in names:
            names.insert(0, MARK)
    if wrong:
        raise pytest.UsageError("\n".join(wrong))


def register(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _HELP)
