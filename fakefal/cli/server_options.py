"""What every command that serves has in common: its options, and the fake made from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from fakefal.errors import FakefalError, ScenarioError
from fakefal.server.server import FakeFalServer

if TYPE_CHECKING:
    from fakefal.scenario.files.loader import LoadedScenario

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--clock",
        type=click.Choice(["real", "instant", "manual"]),
        default="real",
        show_default=True,
        help="How time passes for timelines and streams; manual moves by the control API only.",
    ),
    click.option(
        "--speed",
        default=1.0,
        show_default=True,
        help="The real clock, this many times faster; 0 is instant, as recordings are by default.",
    ),
    click.option(
        "--seed", default=0, show_default=True, help="Ids and generated outputs follow it."
    ),
    click.option(
        "--unmatched",
        type=click.Choice(["fail", "generate"]),
        help="What an unmatched call gets. Default: generate without a scenario, else fail.",
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
        help="An option as in a scenario file, such as subpath=refuse-405; repeatable.",
    ),
    click.option(
        "--webhook-allow",
        "webhook_allow",
        multiple=True,
        metavar="HOST",
        help="Send webhooks to this host too; loopback and private ones are allowed. Repeatable.",
    ),
    click.option(
        "--offline",
        is_flag=True,
        help="Let nobody out through the proxy to other hosts than fal's.",
    ),
)


def server_options(command: Command) -> Command:
    """Give a command the options that ``make_fake`` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_server(
    scenarios: tuple[str, ...],
    *,
    keys: tuple[str, ...] = (),
    options: tuple[str, ...] = (),
    webhook_allow: tuple[str, ...] = (),
    **settings: Any,
) -> FakeFalServer:
    """The fake that those options ask for; raises FakefalError, with all mistakes of all files.

    Where nothing but recordings answers, no time passes unless a clock or speed was asked for.
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
        **settings,
    )


def read_options(assignments: tuple[str, ...]) -> dict[str, Any]:
    """Options from ``name=value``, the value as YAML has it; raises FakefalError."""
    if not assignments:
        return {}
    from fakefal.scenario.files.yaml_text import read_yaml  # a server without options starts sooner

    options: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise FakefalError(
                f'"{assignment}" is no option — write subpath=refuse-405, for example'
            )
        source = read_yaml(value, f"--option {name}")
        if source.problems:
            raise ScenarioError(tuple(source.problems))
        options[name.strip()] = source.data
    return options


def pluralize(number: int, noun: str) -> str:
    """``1 miss``, ``2 misses``."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def _load(scenarios: tuple[str, ...]) -> list[LoadedScenario]:
    if not scenarios:
        return []
    from fakefal.scenario.files.loader import load_all  # a server without scenarios starts sooner

    return load_all(scenarios)


def _sets_pace() -> bool:
    """Whether the command line says how time passes."""
    context = click.get_current_context(silent=True)
    sources = [context.get_parameter_source(name) for name in ("clock", "speed")] if context else []
    return any(source is ParameterSource.COMMANDLINE for source in sources)
