from __future__ import annotations

import dataclasses
from typing import Any

import pydantic

from fakefal.scenario.values.json_checks import json_problem
from tests.cases import failures


@dataclasses.dataclass
class Point:
    x: int = 1


class Model(pydantic.BaseModel):
    x: int = 1


LOOP: list[Any] = []
LOOP.append(LOOP)

CASES: list[tuple[Any, str]] = [
    ({"a": [1, 1.5, "x", True, None, (1, 2)], 1: "number as a key"}, ""),
    (float("inf"), "output is inf, which JSON lacks — use None"),
    ({"a": [object]}, "output.a[0] is the function object — a function makes the whole reply: "),
    ({(1, 2): 3}, "output has the key (1, 2) — keys of JSON are text"),
    (Point(), "output is an object of Point, not JSON — write dataclasses.asdict(…)"),
    (Model(), 'output is an object of Model, not JSON — write .model_dump(mode="json")'),
    (LOOP, "output[0][0]"),
]


def test_what_is_not_json_is_told_with_its_path() -> None:
    def check(value: Any, text: str) -> None:
        problem = json_problem(value, "output")
        assert problem.startswith(text)
        assert bool(problem) is bool(text)

    assert failures(check, CASES) == []
