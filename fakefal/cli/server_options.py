"""Options of the commands that serve, and the server made from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from fakefal.errors import FakefalError, ScenarioError
from fakefal.server.server import FakeFalServer
from fakefal.settings import Limits

if TYPE_CHECKING:
    from fakefal.scenario.compiled.scenario import LoadedScenario

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--clock",
        type=click.Choice(["real", "instant", "manual"]),
        default="real",
        show_default=True,
        help="The clock of timelines and streams; manual is advanced by the control API only.",
    ),
    click.option(
        "--speed",
        default=1.0,
        show_default=True,
        help="Factor for the real clock; 0 is instant. Default for recordings: 0.",
    ),
    click.option("--seed", default=0, show_default=True, help="Seed of ids and generated outputs."),
    click.option(
        "--unmatched",
        type=click.Choice(["fail", "generate"]),
        help="Reply to unmatched calls. Default: generate without a scenario, else fail.",
    ),
    click.option(
        "--require-key",
        "keys",
        envvar="FAKEFAL_REQUIRE_KEY",
        multiple=True,
        help="Accept only this key; repeatable.",
    ),
    click.option(
        "--option",
        "options",
        envvar="FAKEFAL_OPTION",
        multiple=True,
        metavar="NAME=VALUE",
        help="Set an option of scenario files, such as subpath=refuse-405; repeatable.",
    ),
    click.option(
        "--webhook-allow",
        "webhook_allow",
        multiple=True,
        metavar="HOST",
        help="Send webhooks to this host too, besides loopback and private ones; repeatable.",
    ),
    click.option(
        "--limit",
        "limits",
        envvar="FAKEFAL_LIMIT",
        multiple=True,
        metavar="NAME=NUMBER",
        help="Set a limit, such as jobs=1000; repeatable. All are in docs/scaling.md.",
    ),
    click.option(
        "--offline",
        is_flag=True,
        help="Block other hosts than fal's in the proxy.",
    ),
)


def server_options(command: Command) -> Command:
    """Add the options of ``make_server`` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_server(
    scenarios: tuple[str, ...],
    *,
    keys: tuple[str, ...] = (),
    options: tuple[str, ...] = (),
    webhook_allow: tuple[str, ...] = (),
    limits: tuple[str, ...] = (),
    **settings: Any,
) -> FakeFalServer:
    """A server with these options; raises FakefalError with all problems of all files.

    If all scenarios are recordings, the clock is instant unless the command line sets it.
    """
    loaded = _load(scenarios)
    if (
        loaded
        and all(scenario_file.scenario.recorded is not None for scenario_file in loaded)
        and not _sets_pace()
    ):
        settings["clock"] = "instant"
    return FakeFalServer(
        *loaded,
        options=read_options(options),
        keys=frozenset(keys),
        webhook_allow=frozenset(webhook_allow),
        limits=read_limits(limits),
        **settings,
    )


def read_limits(assignments: tuple[str, ...]) -> Limits:
    """Parse limits of the form ``name=number``; raises FakefalError."""
    changes: dict[str, float] = {}
    names = [field.name for field in fields(Limits)]
    for assignment in assignments:
        name, _, value = (part.strip() for part in assignment.partition("="))
        if name not in names:
            closest = get_close_matches(name, names, 1) or names
            raise FakefalError(
                f'--limit "{assignment}": there is no such limit — write NAME=NUMBER, such as '
                f"{closest[0]}={getattr(Limits(), closest[0])}"
            )
        is_seconds = name.endswith("_seconds")
        try:
            number = float(value) if is_seconds else int(value.replace("_", ""))
        except ValueError:
            number = 0
        if not 0 < number < 1e15:
            kind = "number of seconds" if is_seconds else "whole number"
            raise FakefalError(f'--limit "{assignment}": not a {kind} above 0')
        changes[name] = number
    return replace(Limits(), **changes)  # type: ignore[arg-type]  # checked per name above


def read_options(assignments: tuple[str, ...]) -> dict[str, Any]:
    """Parse options of the form ``name=value``, with YAML values; raises FakefalError."""
    if not assignments:
        return {}
    # Imported late, as a server without options starts faster without YAML.
    from fakefal.scenario.files.yaml_text import read_yaml

    options: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise FakefalError(
                f'"{assignment}" is not an option — write name=value, such as subpath=refuse-405'
            )
        source = read_yaml(value, f"--option {name}")
        if source.problems:
            raise ScenarioError(tuple(source.problems))
        options[name.strip()] = source.data
    return options


def _load(scenarios: tuple[str, ...]) -> list[LoadedScenario]:
    if not scenarios:
        return []
    # Imported late, as a server without scenarios starts faster without the loader.
    from fakefal.scenario.files.loader import load_all

    return load_all(scenarios)


def _sets_pace() -> bool:
    """Whether the command line sets the clock or speed."""
    context = click.get_current_context(silent=True)
    sources = [context.get_parameter_source(name) for name in ("clock", "speed")] if context else []
    return any(source is ParameterSource.COMMANDLINE for source in sources)
