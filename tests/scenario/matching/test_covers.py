from __future__ import annotations

from typing import Any

from fakefal.scenario.compiler.condition import compile_condition
from fakefal.scenario.matching.covers import covers
from fakefal.scenario.model.when import When
from tests.cases import failures

FLUX = "fal-ai/flux/dev"
COVERED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"endpoint": FLUX}),
    ({"endpoint": "fal-ai/*"}, {"endpoint": FLUX}),
    ({"endpoint": "*"}, {}),
    ({"endpoint": "fal-ai/*"}, {"endpoint": "fal-ai/flux/*"}),
    ({"endpoint": [FLUX, "a/b"]}, {"endpoint": FLUX}),
    ({"via": ["run", "queue"]}, {"via": "run"}),
    ({"headers": {"x": "1"}}, {"headers": {"X": "1", "y": "2"}}),
    ({"input": {"prompt": "x"}}, {"input": {"prompt": "x", "seed": 1}}),
    ({"input": {"prompt": {"$contains": "x"}}}, {"input": {"prompt": "xyz"}}),
    ({"input": {"prompt": {"$absent": False}}}, {"input": {"prompt": "xyz"}}),
    ({"input": {"n": {"$gt": 1}}}, {"input": {"n": 2}}),
    ({"input": {"n": {"$all": [{"$gt": 1}, {"$lt": 9}]}}}, {"input": {"n": 2}}),
    ({"input": {"a": {"b": 1}}}, {"input": {"a": {"$eq": {"b": 1, "c": 2}}}}),
]
NOT_COVERED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"endpoint": FLUX}, {}),
    ({"endpoint": FLUX}, {"endpoint": "fal-ai/*"}),
    ({"endpoint": "fal-ai/flux/*"}, {"endpoint": "fal-ai/*"}),
    ({"via": "run"}, {}),
    ({"via": "run"}, {"via": ["run", "queue"]}),
    ({"headers": {"x": "1"}}, {}),
    ({"input": {"prompt": "x"}}, {}),
    ({"input": {"prompt": "x"}}, {"input": {"seed": 1}}),
    ({"input": {"prompt": "x"}}, {"input": {"prompt": {"$contains": "x"}}}),
    ({"method": "GET"}, {}),
    ({}, {"method": "GET"}),
]


def is_covered(wide: dict[str, Any], narrow: dict[str, Any]) -> bool:
    conditions = [compile_condition(When.model_validate(it)) for it in (wide, narrow)]
    return covers(*conditions)


def test_a_condition_covers_another() -> None:
    def check(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
        assert is_covered(wide, narrow)
        assert is_covered(narrow, narrow)

    assert failures(check, COVERED) == []


def test_yes_is_never_wrong() -> None:
    def check(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
        assert not is_covered(wide, narrow)

    assert failures(check, NOT_COVERED) == []
