"""Positions of values, and paths as users read them."""

from __future__ import annotations

import pytest

from fakefal.errors import ScenarioError, ScenarioProblem
from fakefal.scenario.files.source import Path, Source, format_path


def source() -> Source:
    values: dict[Path, tuple[int, int]] = {(): (1, 1), ("a",): (1, 4), ("a", 0): (2, 3)}
    return Source("x.yaml", {"a": [1]}, values, {("a",): (1, 1)})


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("name",), "name"),
        (("exchanges", 2, "reply", "timeline", 0, "for"), "exchanges[2].reply.timeline[0].for"),
        ((0, "a"), "[0].a"),
        (("a", 1, 2), "a[1][2]"),
    ],
)
def test_a_path_is_written_with_dots_and_brackets(path: Path, text: str) -> None:
    assert format_path(path) == text


@pytest.mark.parametrize(
    ("path", "key", "position"),
    [
        ((), False, (1, 1)),
        (("a",), False, (1, 4)),
        (("a",), True, (1, 1)),
        (("a", 0), False, (2, 3)),
        (("a", 0), True, (2, 3)),
        (("a", 0, "b", "c"), False, (2, 3)),
        (("z",), True, (1, 1)),
    ],
)
def test_a_position_is_that_of_the_value_its_key_or_the_value_around(
    path: Path, key: bool, position: tuple[int, int]
) -> None:
    assert source().position(path, key=key) == position


def test_a_problem_has_file_position_and_path() -> None:
    assert source().problem(("a", 0), "message", "suggestion") == ScenarioProblem(
        "x.yaml", 2, 3, "a[0]", "message", "suggestion"
    )


def test_data_without_text_has_no_positions() -> None:
    problem = Source("on(…)", {"a": 1}).problem(("a",), "is wrong", "fix it")
    assert str(problem) == "on(…): a: is wrong — fix it"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (source().to_error((3, 4), "bad", "fix it"), "x.yaml:3:4: bad — fix it"),
        (
            source().too_deep((3, 4)),
            "x.yaml:3:4: nested deeper than 60 levels — flatten the value, or put it in a string",
        ),
        (
            source().too_many((3, 4)),
            "x.yaml:3:4: more than 200000 values, aliases counted — write fewer aliases, or split "
            "the file",
        ),
    ],
)
def test_a_text_that_cannot_be_read_further_is_an_error(error: ScenarioError, text: str) -> None:
    assert str(error) == text


def test_an_error_includes_the_problems_before_it() -> None:
    file = source()
    file.problems.append(file.problem(("a",), "first"))
    assert str(file.to_error((9, 9), "last")) == "x.yaml:1:4: a: first\nx.yaml:9:9: last"
