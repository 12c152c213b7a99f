"""What users may set for their tests: the table that flags, ini options and the marker are made of.

Every run of pytest imports this module, so it imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

Kind = Literal["word", "switch", "paths", "options", "text", "texts"]


class Setting:
    """One of them: ``fakefal_<name>`` in an ini file, ``--fakefal-<flag>``, ``<name>=`` of the
    marker.

    Plain classes here: each dataclass would add a millisecond to every run.
    """

    def __init__(
        self,
        name: str,
        kind: Kind,
        default: Any,
        description: str,
        choices: tuple[str, ...] = (),
        flag: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = default
        self.description = description
        self.choices = choices
        self.flag = flag

    @property
    def example(self) -> str:
        """A value that it takes."""
        return str(self.default or "http://127.0.0.1:8788")

    @property
    def ini(self) -> str:
        """Its name in an ini file."""
        return f"fakefal_{self.name}"

    @property
    def option(self) -> str:
        """Its flag on the command line."""
        return f"--fakefal-{self.flag or self.name}"


MODES = ("none", "once", "new", "all")
"""Of recordings: when fal is asked."""

CLOCKS = ("instant", "manual", "real")
_RULES = ("error", "warn", "ignore")


def _rule(name: str, default: str, subject: str) -> Setting:
    return Setting(name, "word", default, f"what {subject} make of a test", _RULES)


RULES = (
    _rule("misses", "error", "calls that met no exchange"),
    _rule("unused", "warn", "exchanges and replies that no call got"),
    _rule("uncollected", "warn", "results that were paid for and never fetched"),
    _rule("undelivered", "warn", "webhooks that no receiver accepted"),
    _rule("refused", "warn", "webhooks to a target that is neither local nor allowed"),
)
"""What is looked at when a test ends, and what it makes of it."""

SETTINGS = (
    Setting("clock", "word", "instant", "the clock of tests", CLOCKS),
    Setting("scenario", "paths", (), "scenario files that every fake begins with"),
    Setting(
        "options",
        "options",
        (),
        "options of the fake, as under options of a scenario",
        flag="option",
    ),
    Setting(
        "urls",
        "word",
        "local",
        "how answers name the fake to fal_client: by its own address, or as fal",
        ("local", "fal"),
    ),
    Setting("strict", "switch", False, "all that is looked at when a test ends is an error"),
    *RULES,
    Setting(
        "record",
        "word",
        "",
        "record what the real fal answers, and replay it: once records if the file is missing, "
        "new what it has no answer to, all again, none nothing. In CI none unless this flag is "
        "given",
        MODES,
    ),
    Setting("upstream", "text", "", "the base URL that is recorded from in place of fal"),
    Setting("redact", "texts", (), "a regular expression of what a recording leaves out"),
    Setting("media", "switch", True, "record files too that the test does not read"),
    Setting("max_age", "text", "90d", "say so of a recording that is older", flag="max-age"),
    Setting("report", "switch", True, "show what happened on the fake when a test fails"),
)

SETTINGS_BY_NAME = {setting.name: setting for setting in SETTINGS}


class TestSettings:
    """What holds for one test: values by name, and its scenarios, the nearest first.

    Of each scenario it is known whether the test itself named it. ``recording`` is the file of its
    recording, ``forced`` the mode that the command line says, ``command`` what records it, and
    ``is_marked`` whether it was said of this very test that it has one.
    """

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        scenarios: Iterable[tuple[Any, bool]] = (),
    ) -> None:
        self.values: dict[str, Any] = dict(values or {})
        self.scenarios = list(scenarios)
        self.recording_path: Path | None = None
        self.forced_mode = ""
        self.record_command = "run it where CI is not set"
        self.is_explicit = True

    def severity(self, rule: str) -> str:
        """What a finding makes of the test: ``error``, ``warn`` or ``ignore``."""
        return "error" if self.values.get("strict") else str(self.values[rule])


def read_marker(args: Iterable[Any], values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The arguments of a marker as values by name, and all that is wrong with them.

    ``scenario`` is always a list.
    """
    settings, problems = dict(values), []
    scenarios = [*args, *_as_list(settings.pop("scenario", None))]
    if "redact" in settings:
        settings["redact"] = _as_list(settings["redact"])
    for name in [name for name in settings if name not in SETTINGS_BY_NAME]:
        del settings[name]
        problems.append(f"it takes no {name} — {_suggest(name, SETTINGS_BY_NAME)}")
    for name, value in settings.items():
        setting = SETTINGS_BY_NAME[name]
        if setting.kind == "word" and value not in setting.choices:
            problems.append(f"{name}={value!r} — {_suggest(value, setting.choices)}")
        elif setting.kind == "switch" and not isinstance(value, bool):
            problems.append(f"{name}={value!r} — True or False")
        elif setting.kind == "text" and not isinstance(value, str):
            problems.append(f"{name}={value!r} — a text, such as {setting.example!r}")
        elif setting.kind == "texts" and not all(isinstance(pattern, str) for pattern in value):
            problems.append(f"{name}={value!r} — a regular expression, or a list of them")
        elif setting.kind == "options" and not isinstance(value, dict):
            problems.append(f'{name}={value!r} — a dict, such as {{"subpath": "refuse-405"}}')
    for scenario in scenarios:
        if not isinstance(scenario, (str, Path, dict)):
            problems.append(
                f"scenario={scenario!r} — a path beside the test, a dict, or a list of them"
            )
    if scenarios:
        settings["scenario"] = scenarios
    return settings, problems


def read_options(lines: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """``name = value`` lines as options, and what is wrong with them; values are as in YAML."""
    options: dict[str, Any] = {}
    problems = []
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            problems.append(f'"{line}" — write name = value, such as subpath = refuse-405')
        else:
            options[name.strip()] = _parse_value(value.strip())
    return options, problems


def _parse_value(text: str) -> Any:
    constants = {"true": True, "false": False, "null": None}
    if text in constants:
        return constants[text]
    return int(text) if text.lstrip("-").isdigit() else text


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _suggest(name: Any, valid_names: Iterable[str]) -> str:
    import difflib  # only mistakes need it

    close_matches = difflib.get_close_matches(str(name), valid_names, n=1, cutoff=0.6)
    choices = f"one of {', '.join(valid_names)}"
    return f"did you mean {close_matches[0]}? ({choices})" if close_matches else choices
