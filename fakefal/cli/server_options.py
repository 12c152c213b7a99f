"""What every command that serves has in common: its options, and the fake made from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from fakefal.errors import FakefalError, ScenarioError
from fakefal.server.server import FakeFal

if TYPE_CHECKING:
    from fakefal.scenario.files.loader import Loaded

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


def make_fake(
    scenarios: tuple[str, ...],
    *,
    keys: tuple[str, ...] = (),
    options: tuple[str, ...] = (),
    webhook_allow: tuple[str, ...] = (),
    **settings: Any,
) -> FakeFal:
    """The fake that those options ask for; raises FakefalError, with all mistakes of all files.

    Where nothing but recordings answers, no time passes unless a clock or speed was asked for.
    """
    loaded = _loaded(scenarios)
    if loaded and all(it.scenario.recorded is not None for it in loaded) and not _is_paced():
        settings["clock"] = "instant"
    return FakeFal(
        *loaded,
        options=read_options(options),
        keys=frozenset(keys),
        webhook_allow=frozenset(webhook_allow),
        **settings,
    )


def read_options(written: tuple[str, ...]) -> dict[str, Any]:
    """Options from ``name=value``, the value as YAML has it; raises FakefalError."""
    if not written:
        return {}
    from fakefal.scenario.files.yaml_text import read_yaml  # a server without options starts sooner

    found: dict[str, Any] = {}
    for text in written:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise FakefalError(f'"{text}" is no option — write subpath=refuse-405, for example')
        source = read_yaml(value, f"--option {name}")
        if source.mistakes:
            raise ScenarioError(tuple(source.mistakes))
        found[name.strip()] = source.data
    return found


def counted(number: int, noun: str) -> str:
    """``1 miss``, ``2 misses``."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def _loaded(scenarios: tuple[str, ...]) -> list[Loaded]:
    if not scenarios:
        return []
    from fakefal.scenario.files.loader import load_all  # a server without scenarios starts sooner

    return load_all(scenarios)


def _is_paced() -> bool:
    """Whether the command line says how time passes."""
    context = click.get_current_context(silent=True)
    sources = [context.get_parameter_source(it) for it in ("clock", "speed")] if context else []
    return any(source is ParameterSource.COMMANDLINE for source in sources)
