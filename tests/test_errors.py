from __future__ import annotations

import pytest

from fakefal import errors
from fakefal.errors import FakefalError, PortInUse, ScenarioError, ScenarioProblem


@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        (
            ScenarioProblem(
                "a.yaml", 14, 11, "exchanges[2].times", '"x" is not a number', "write 2"
            ),
            'a.yaml:14:11: exchanges[2].times: "x" is not a number — write 2',
        ),
        (
            ScenarioProblem("a.yaml", 0, 0, "", "no such file", "check the path"),
            "a.yaml: no such file — ",
        ),
        (ScenarioProblem("a.yaml", 3, 1, "", "not YAML", ""), "a.yaml:3:1: not YAML"),
        (ScenarioProblem("on(…)", 0, 0, "when", "is empty", ""), "on(…): when: is empty"),
    ],
)
def test_a_problem_has_location_message_and_suggestion(mistake: ScenarioProblem, text: str) -> None:
    assert str(mistake).startswith(text)
    assert str(mistake).endswith(mistake.suggestion or mistake.message)


def test_a_scenario_error_lists_its_problems_in_order() -> None:
    first = ScenarioProblem("a.yaml", 1, 1, "name", "is no text", "")
    second = ScenarioProblem("a.yaml", 2, 1, "seed", "is no number", "")
    error = ScenarioError((first, second))
    assert error.problems == (first, second)
    assert str(error) == f"{first}\n{second}"


def test_a_taken_port_is_an_error_with_a_suggestion() -> None:
    assert str(PortInUse("127.0.0.1", 8787)) == (
        "port 8787 on 127.0.0.1 is taken — stop the other server, or pass --port 0 to use a free "
        "one"
    )


@pytest.mark.parametrize(
    "kind", [PortInUse, ScenarioError, errors.SettingError, errors.UnmatchedCalls]
)
def test_every_error_of_the_user_is_a_fakefal_error(kind: type[Exception]) -> None:
    assert issubclass(kind, FakefalError)
