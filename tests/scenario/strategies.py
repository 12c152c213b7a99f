"""Strategies of property tests: JSON, patterns and calls."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from fakefal.protocol.core.call import VIAS, Call, Via
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.scenario.model.scenario import Exchange

Data = dict[str, Any]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.sampled_from(["a", "b", "é", "e\u0301", "prompt", "model"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, 1.0, -0.0, 1.5, 1e300, 10**400])
    | st.sampled_from(["", "a", "ab", "é", "e\u0301", "1"])
    | TEXT
)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def _operators(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Data]:
    numbers = st.integers(-2, 2) | st.sampled_from([0.5, 1e300])
    several = st.lists(inner, min_size=1, max_size=2)
    types = ["string", "number", "integer", "boolean", "array", "object", "null"]
    optional: dict[str, st.SearchStrategy[Any]] = {
        "$eq": JSON,
        "$contains": inner,
        "$regex": st.sampled_from(["a", "^a", "é$", ".", "(?i)A", "^$"]),
        "$any": several,
        "$all": several,
        "$not": inner,
        "$gt": numbers,
        "$gte": numbers,
        "$lt": numbers,
        "$lte": numbers,
        "$absent": st.booleans(),
        "$type": st.sampled_from(types),
        "$length": inner,
    }
    one = st.one_of([st.tuples(st.just(key), value) for key, value in optional.items()])
    return st.lists(one, min_size=1, max_size=2).map(dict)


PATTERNS: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2) | _operators(inner)
    ),
    max_leaves=6,
)
"""Patterns with every operator."""

ENDPOINTS = ["fal-ai/any-llm", "fal-ai/any-llm/vision", "fal-ai/flux", "me/app"]
GLOBS = [*ENDPOINTS, "fal-ai/*", "*", "*/any-llm*", "/fal-ai/flux/", "fal-ai/fl?x"]


def call(
    input_: Any = None,
    endpoint: str = "fal-ai/any-llm",
    via: Via = "queue",
    headers: dict[str, str] | None = None,
) -> Call:
    """A call; by default of any-llm through the queue."""
    parsed = parse_endpoint(endpoint)
    assert parsed is not None
    return Call(parsed, via, input_, headers or {})


CALLS = st.builds(
    call,
    JSON | st.fixed_dictionaries({}, optional={"prompt": SCALARS, "model": SCALARS, "a": JSON}),
    st.sampled_from(ENDPOINTS),
    st.sampled_from(VIAS),
    st.dictionaries(st.sampled_from(["x-a", "x-b"]), TEXT, max_size=2),
)

WHENS: st.SearchStrategy[Data] = st.fixed_dictionaries(
    {},
    optional={
        "endpoint": st.sampled_from(GLOBS)
        | st.lists(st.sampled_from(GLOBS), min_size=1, max_size=2),
        "via": st.sampled_from(VIAS) | st.lists(st.sampled_from(VIAS), min_size=1, max_size=2),
        "input": PATTERNS
        | st.fixed_dictionaries({}, optional={"prompt": SCALARS, "model": PATTERNS, "a": SCALARS}),
        "headers": st.dictionaries(st.sampled_from(["X-A", "x-b"]), SCALARS, max_size=1),
    },
)


def exchange(**data: Any) -> Exchange:
    return Exchange.model_validate(data)
