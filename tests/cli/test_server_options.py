"""Options of the commands that serve."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from fakefal.cli.server_options import make_server, read_limits, read_options, server_options
from fakefal.cli.terminal import pluralize
from fakefal.errors import FakefalError, ScenarioError
from fakefal.settings import Limits
from tests.cli.running import BAD, GOOD


def test_option_values_are_yaml() -> None:
    assert read_options(("subpath=refuse-405", "webhook_retries=10", "keys=[a, b]")) == {
        "subpath": "refuse-405",
        "webhook_retries": 10,
        "keys": ["a", "b"],
    }
    assert read_options(()) == {}


@pytest.mark.parametrize("written", ["nonsense", "=x", "keys=[a"])
def test_an_invalid_option_is_an_error(written: str) -> None:
    with pytest.raises(FakefalError):
        read_options((written,))


def test_a_server_has_the_settings_of_the_options(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD, encoding="utf-8")
    fake = make_server(
        (str(path), str(path)), keys=("a:b",), webhook_allow=("x",), clock="manual", seed=3
    )
    assert len(fake.engine.base_index.exchanges) == 2
    assert fake.settings.keys == {"a:b"}
    assert fake.settings.webhook_allow == {"x"}
    assert (fake.settings.clock, fake.settings.seed) == ("manual", 3)


def test_all_problems_of_several_files_are_printed(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(BAD, encoding="utf-8")
    with pytest.raises(ScenarioError) as raised:
        make_server((str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")))
    assert [Path(it.file).name for it in raised.value.problems] == ["a.yaml", "b.yaml"]


def test_a_command_gets_all_options() -> None:
    command = click.command()(server_options(lambda **_: None))
    names = [option for it in command.params for option in it.opts]
    assert {"--clock", "--speed", "--seed", "--option", "--require-key", "--offline"} <= set(names)


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(0, "call", "0 calls"), (1, "miss", "1 miss"), (2, "miss", "2 misses")],
)
def test_nouns_are_pluralized(number: int, noun: str, text: str) -> None:
    assert pluralize(number, noun) == text


def test_limits_are_read_from_names_and_numbers() -> None:
    limits = read_limits(("jobs=5", " tenants = 1_000 ", "idle_timeout_seconds=0.5"))
    assert (limits.jobs, limits.tenants, limits.idle_timeout_seconds) == (5, 1000, 0.5)
    assert read_limits(()) == Limits()


def test_a_wrong_limit_is_an_error_that_names_the_right_one() -> None:
    errors = {
        "job=5": "such as jobs=60000",
        "jobs": "not a whole number above 0",
        "jobs=-1": "not a whole number above 0",
        "jobs=1.5": "not a whole number above 0",
        "idle_timeout_seconds=x": "not a number of seconds above 0",
    }
    for text, problem in errors.items():
        with pytest.raises(FakefalError, match=problem):
            read_limits((text,))
