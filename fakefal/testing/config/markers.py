"""The marker ``fakefal`` and the plugin's options: added, read, checked and merged."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from fakefal.testing.config.settings import (
    GUARD,
    SETTINGS,
    Setting,
    TestSettings,
    read_marker,
    read_options,
)

MARKER = "fakefal"
_METAVARS = {"paths": "PATH", "options": "NAME=VALUE", "strings": "PATTERN"}
_HELP = (
    "fakefal(scenario=…, clock=…, options=…, record=…, strict=…, …): settings of the test's fake; "
    "a marked test uses the fixture fakefal without naming it"
)


def add_options(parser: pytest.Parser) -> None:
    """Add a flag and an ini option for each setting of the table."""
    group = parser.getgroup("fakefal", "fakefal: a local fake of fal.ai")
    for setting in (*SETTINGS, GUARD):
        help_ = f"{setting.description} (ini: {setting.ini}"
        if setting.kind == "choice":
            group.addoption(
                setting.option,
                choices=setting.choices,
                default=None,
                help=f"{help_}; {'|'.join(setting.choices)}{_default_text(setting)})",
            )
            parser.addini(setting.ini, help_.partition(" (ini")[0], default="")
        elif setting.kind == "bool":
            no = "no-" if setting.default else ""
            group.addoption(
                f"--fakefal-{no}{setting.name}",
                dest=setting.ini,
                action="store_const",
                const=not setting.default,
                default=None,
                help=f"{'do not ' if no else ''}{help_})",
            )
            parser.addini(setting.ini, setting.description, type="bool", default=setting.default)
        elif setting.kind == "string":
            metavar = "DURATION" if setting.default else "URL"
            help_ += f"{_default_text(setting)})"
            group.addoption(
                setting.option, dest=setting.ini, default=None, metavar=metavar, help=help_
            )
            parser.addini(setting.ini, setting.description, default="")
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
            parser.addini(setting.ini, setting.description, type=type_, default=None)


def _default_text(setting: Setting) -> str:
    return f", default {setting.default}" if setting.default else ""


def read_config(config: pytest.Config) -> dict[str, Any]:
    """Read the settings of the run: flag, else ini file, else default.

    Raises pytest.UsageError.
    """
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        flag = config.getoption(setting.ini, None)
        value = flag if flag is not None else config.getini(setting.ini)
        if setting.kind == "choice":
            value = value or setting.default
            if value not in (*setting.choices, setting.default):
                raise pytest.UsageError(
                    f'{setting.ini} = "{value}" — one of {", ".join(setting.choices)}'
                )
        elif setting.kind == "paths":
            folder = config.invocation_params.dir
            value = [folder / path for path in value or ()]
        elif setting.kind == "options":
            value, problems = read_options(value or ())
            if problems:
                raise pytest.UsageError(f"{setting.ini}: {'; '.join(problems)}")
        elif setting.kind in ("string", "strings"):
            value = value or setting.default
        values[setting.name] = value
    return values


def read_markers(item: pytest.Item) -> TestSettings:
    """Merge a test's markers: the nearest value wins; scenarios and options are combined."""
    settings = TestSettings()
    settings.is_explicit = False
    for node, marker in item.iter_markers_with_node(MARKER):
        values, _ = read_marker(marker.args, marker.kwargs)
        for scenario in values.pop("scenario", ()):
            path = resolve_scenario(item, scenario)
            settings.scenarios.append((path, node is item))
            is_first = settings.recording_path is None and not settings.is_explicit
            if is_first and isinstance(path, Path):
                settings.recording_path = path
        settings.is_explicit = settings.is_explicit or "record" in values
        options = values.pop("options", None)
        if options:
            settings.values["options"] = {**options, **settings.values.get("options", {})}
        for name, value in values.items():
            settings.values.setdefault(name, value)
    return settings


def set_recording(item: pytest.Item, settings: TestSettings) -> None:
    """Fill in the path of a test's recording, its mode, and the command that records it."""
    from fakefal.testing.config.recordings import command_for, default_path

    if settings.recording_path is None:
        class_names = [node.name for node in item.listchain() if isinstance(node, pytest.Class)]
        settings.recording_path = default_path(item.path, [*class_names, item.name])
    settings.forced_mode = item.config.getoption("fakefal_record") or ""
    settings.record_command = command_for(item.nodeid)


def resolve_scenario(node: pytest.Item, scenario: Any) -> Any:
    """A dict as it is, or a path, relative to the folder of the test file."""
    return scenario if isinstance(scenario, dict) else node.path.parent / Path(scenario)


def check_markers(items: Iterable[pytest.Item]) -> None:
    """Add the fixture to marked tests; raises pytest.UsageError with all invalid markers."""
    problem_lines: dict[str, None] = {}
    for item in items:
        markers = list(item.iter_markers_with_node(MARKER))
        for node, marker in markers:
            _, problems = read_marker(marker.args, marker.kwargs)
            prefix = f"{node.nodeid or node.path}: @pytest.mark.fakefal"
            problem_lines.update(dict.fromkeys(f"{prefix}: {problem}" for problem in problems))
        names = getattr(item, "fixturenames", None)
        if markers and names is not None and MARKER not in names:
            names.insert(0, MARKER)
    if problem_lines:
        raise pytest.UsageError("\n".join(problem_lines))


_FIXTURES = ("fakefal", "fakefal_factory", "fakefal_server", "fakefal_receiver")


def guard_severity(config: pytest.Config, items: Iterable[pytest.Item]) -> str:
    """How the run is guarded: ``error``, ``warn``, or empty; raises pytest.UsageError.

    A run without ``fakefal_guard`` is guarded if it is one that uses fakefal: if a test has its
    fixture, or another setting is present.
    """
    severity = config.getoption(GUARD.ini) or config.getini(GUARD.ini)
    if severity and severity not in GUARD.choices:
        raise pytest.UsageError(f'{GUARD.ini} = "{severity}" — one of {", ".join(GUARD.choices)}')
    if not severity and (_has_settings(config) or any(map(_uses_fixture, items))):
        severity = "error"
    return "" if severity == "off" else str(severity)


def _has_settings(config: pytest.Config) -> bool:
    """Whether a flag or the ini file sets something; a bool with its default does not count."""
    for setting in SETTINGS:
        value = config.getini(setting.ini)
        is_in_file = value != setting.default if setting.kind == "bool" else bool(value)
        if is_in_file or config.getoption(setting.ini, None) is not None:
            return True
    return False


def _uses_fixture(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    return any(name in names for name in _FIXTURES)


def register(config: pytest.Config) -> None:
    """Register the marker, which ``--strict-markers`` and ``--markers`` need."""
    config.addinivalue_line("markers", _HELP)
