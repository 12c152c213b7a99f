"""Random JSON Schemas, most of them satisfiable, some absurd."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_small = st.integers(-5, 20)
_count = st.integers(0, 5)
_names = st.sampled_from(["a", "b", "c", "url", "images", "seed"])
json_values = st.recursive(
    st.none() | st.booleans() | _small | st.sampled_from(["x", "amber", ""]) | st.just(1.0),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_names, inner, max_size=2),
    max_leaves=3,
)


def _keywords(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=strategies)


_numbers = st.tuples(
    st.sampled_from(["integer", "number"]),
    _keywords(
        minimum=_small,
        maximum=_small | st.floats(-10, 10),
        exclusiveMinimum=_small,
        exclusiveMaximum=_small | st.just(10**400),
        multipleOf=st.sampled_from([1, 2, 3, 0.5, 0.1, 7]),
    ),
).map(lambda pair: {"type": pair[0], **pair[1]})

_texts = _keywords(
    minLength=_count,
    maxLength=_count,
    pattern=st.sampled_from([r"^[a-c]{2,4}$", r"\d+", "x|y", r"(a)\1", "^(?!a)b", r"[^a-z]", "("]),
    format=st.sampled_from(["date", "uri", "uuid", "nonsense"]),
    enum=st.lists(json_values, min_size=1, max_size=3),
).map(lambda schema: {"type": "string", **schema})

_leaves = (
    _numbers
    | _texts
    | st.sampled_from([{"type": "boolean"}, {"type": "null"}, {}, True, False, {"type": "wrong"}])
    | json_values.map(lambda value: {"const": value})
    | st.sampled_from([{"$ref": f"#/components/schemas/{name}"} for name in "ABC"])
    | st.sampled_from([{"contains": {}}, {"$ref": "#/nowhere"}, {"$ref": "other.json"}])
)


def _grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    objects = _keywords(
        properties=st.dictionaries(_names, inner, max_size=3),
        required=st.lists(_names, max_size=2, unique=True),
        additionalProperties=inner | st.booleans(),
        minProperties=_count,
        maxProperties=_count,
        examples=st.lists(json_values, max_size=2),
    ).map(lambda schema: {"type": "object", **schema})
    arrays = _keywords(
        items=inner,
        prefixItems=st.lists(inner, min_size=1, max_size=2),
        minItems=_count,
        maxItems=_count,
        uniqueItems=st.booleans(),
    ).map(lambda schema: {"type": "array", **schema})
    several = st.lists(inner, min_size=1, max_size=3)
    combined = st.one_of(
        several.map(lambda parts: {"anyOf": parts}),
        several.map(lambda parts: {"oneOf": parts}),
        several.map(lambda parts: {"allOf": parts}),
        inner.map(lambda part: {"not": part}),
        st.tuples(inner, inner).map(lambda pair: {"if": pair[0], "then": pair[1]}),
        st.tuples(inner, several).map(lambda pair: {"allOf": [pair[0]], "anyOf": pair[1]}),
    )
    return objects | arrays | combined


schemas = st.recursive(_leaves, _grow, max_leaves=12)

documents = st.fixed_dictionaries({"A": schemas, "B": schemas, "C": schemas}).map(
    lambda components: {
        "openapi": "3.1.0",
        "paths": {},
        "components": {"schemas": components},
    }
)
