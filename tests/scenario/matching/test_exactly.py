from __future__ import annotations

from typing import Any

from fakefal.scenario.matching.exactly import Exactly
from fakefal.scenario.matching.scalars import MISSING
from tests.cases import failures

CASES: list[tuple[Any, Any, list[str]]] = [
    ({"a": 1}, {"a": 1}, []),
    ({"a": 1}, {"a": 1.0}, []),
    ({"a": 1}, {"a": 2}, ["input.a is 2, wanted 1"]),
    ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ["input.a.b[1] is 3, wanted 2"]),
    ({"a": 1}, {"a": 1, "b": 2}, ["input.b is 2, wanted no such field"]),
    ({"a": 1, "b": 2}, {"a": 1}, ["input.b is absent, wanted 2"]),
    (
        {"prompt": "x"},
        {"promt": "x"},
        [
            'input.prompt is absent, wanted "x": the call has "promt", you wrote "prompt"',
            'input.promt is "x", wanted no such field',
        ],
    ),
    ([1], [1, 2], ["input has 2 entries, wanted 1"]),
    ([1], {"a": 1}, ['input is {"a": 1}, wanted exactly [1]']),
    ({"$contains": "x"}, {"$contains": "x"}, []),
    ({"a": 1}, MISSING, ["input is absent, wanted exactly Q"]),
]


def test_each_field_that_differs_is_told() -> None:
    def check(wanted: Any, value: Any, texts: list[str]) -> None:
        matcher = Exactly(wanted, "Q")
        assert list(map(str, matcher.differences(value, "input"))) == texts
        assert matcher.matches(value) is not bool(texts)

    assert failures(check, CASES) == []
