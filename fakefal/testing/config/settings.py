"""The table of settings, from which the flags, the ini options and the marker are made.

Every pytest run imports this module, so it imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

Kind = Literal["choice", "bool", "paths", "options", "string", "strings"]


class Setting:
    """One setting: ini option ``fakefal_<name>``, flag ``--fakefal-<flag>``, marker argument.

    Not a dataclass: creating one takes about a millisecond, in every pytest run.
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
        """A valid value, for error texts."""
        return str(self.default or "http://127.0.0.1:8788")

    @property
    def ini(self) -> str:
        """The name in an ini file, which is the flag's ``dest`` too."""
        return f"fakefal_{self.name}"

    @property
    def option(self) -> str:
        """The command line flag: ``--fakefal-max-age``."""
        return f"--fakefal-{self.flag or self.name}"


MODES = ("none", "once", "new", "all")
"""The values of ``record``: when a test sends its calls to the real fal."""

CLOCKS = ("instant", "manual", "real")
_RULES = ("error", "warn", "ignore")


def _rule(name: str, default: str, subject: str) -> Setting:
    return Setting(name, "choice", default, f"how a test ends with {subject}", _RULES)


RULES = (
    _rule("misses", "error", "calls that matched no exchange"),
    _rule("unused", "warn", "exchanges and replies that no call got"),
    _rule("uncollected", "warn", "results that were paid for and never fetched"),
    _rule("undelivered", "warn", "webhooks that no receiver accepted"),
    _rule("refused", "warn", "webhooks to a target that is neither local nor allowed"),
)
"""The checks at a test's end, each with its default severity."""

SETTINGS = (
    Setting("clock", "choice", "instant", "the clock of tests", CLOCKS),
    Setting("scenario", "paths", (), "scenario files that every fake loads"),
    Setting(
        "options",
        "options",
        (),
        "options of the fake, as under options of a scenario",
        flag="option",
    ),
    Setting(
        "urls",
        "choice",
        "local",
        "URLs in responses to fal_client: the fake's own address, or fal's hosts",
        ("local", "fal"),
    ),
    Setting(
        "addresses",
        "choice",
        "loopback",
        "what fal's names resolve to: loopback, or a public address for code that demands one",
        ("loopback", "global"),
    ),
    Setting(
        "client_sleeps",
        "choice",
        "test",
        "the time of fal_client's sleeps and timeouts: the clock of the test, or real time",
        ("test", "real"),
        flag="client-sleeps",
    ),
    Setting("strict", "bool", False, "treat every finding at a test's end as an error"),
    *RULES,
    Setting(
        "record",
        "choice",
        "",
        "record responses of the real fal and replay them: once records if the file is missing, "
        "new adds calls it does not match, all records again, none only replays. In CI the "
        "default is none",
        MODES,
    ),
    Setting("upstream", "string", "", "base URL to record from instead of fal"),
    Setting("redact", "strings", (), "regular expression of text to remove from recordings"),
    Setting("media", "bool", True, "record files that the test does not read"),
    Setting("max_age", "string", "90d", "warn of a recording that is older", flag="max-age"),
    Setting("report", "bool", True, "show what happened on the fake when a test fails"),
)

GUARD = Setting(
    "guard",
    "choice",
    "",
    "connections of any test to the real fal: refused and an error, a warning, or not watched; "
    "error where a test uses fakefal or a setting of it is present",
    ("error", "warn", "off"),
)
"""A setting of the run, which no marker can change."""

SETTINGS_BY_NAME = {setting.name: setting for setting in SETTINGS}


class TestSettings:
    """The settings of one test: values by name, and its scenarios, the nearest first.

    ``scenarios`` are pairs of a scenario and whether the test itself named it (which matters for
    ``unused``). ``forced_mode`` is ``--fakefal-record``, ``record_command`` the command that error
    texts name, ``is_explicit`` whether a marker asks for the recording.
    """

    __test__ = False  # pytest collects classes whose names begin with Test

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        scenarios: Iterable[tuple[Any, bool]] = (),
    ) -> None:
        self.values: dict[str, Any] = dict(values or {})
        self.scenarios = list(scenarios)
        self.recording_path: Path | None = None
        self.forced_mode = ""
        self.record_command = "run the test where CI is not set"
        self.is_explicit = True

    def severity(self, rule: str) -> str:
        """What a finding of a rule is: ``error``, ``warn`` or ``ignore``."""
        return "error" if self.values.get("strict") else str(self.values[rule])


def read_marker(args: Iterable[Any], values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Check the arguments of a marker; returns the valid names' values, and a text per problem.

    ``scenario`` and ``redact`` become lists.
    """
    settings, problems = dict(values), []
    scenarios = [*args, *_as_list(settings.pop("scenario", None))]
    if "redact" in settings:
        settings["redact"] = _as_list(settings["redact"])
    for name in [name for name in settings if name not in SETTINGS_BY_NAME]:
        del settings[name]
        problems.append(f"unknown argument {name} — {_suggest(name, SETTINGS_BY_NAME)}")
    for name, value in settings.items():
        setting = SETTINGS_BY_NAME[name]
        if setting.kind == "choice" and value not in setting.choices:
            problems.append(f"{name}={value!r} — {_suggest(value, setting.choices)}")
        elif setting.kind == "bool" and not isinstance(value, bool):
            problems.append(f"{name}={value!r} — True or False")
        elif setting.kind == "string" and not isinstance(value, str):
            problems.append(f"{name}={value!r} — a string, such as {setting.example!r}")
        elif setting.kind == "strings" and not all(isinstance(pattern, str) for pattern in value):
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
    """Parse ``name = value`` lines; returns the options, and a text per problem.

    Values are ``true``, ``false``, ``null``, integers or text.
    """
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
    import difflib  # needed for error texts only

    close_matches = difflib.get_close_matches(str(name), valid_names, n=1, cutoff=0.6)
    choices = f"one of {', '.join(valid_names)}"
    return f"did you mean {close_matches[0]}? ({choices})" if close_matches else choices
