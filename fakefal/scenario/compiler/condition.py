"""Compiles a ``when`` into the condition that calls are matched against."""

from __future__ import annotations

from fakefal.protocol.core.call import Json
from fakefal.scenario.matching.condition import (
    AnyEndpoint,
    Condition,
    EndpointPattern,
    compile_endpoint,
)
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.matching.operators import compile_pattern
from fakefal.scenario.model.when import When


def compile_condition(when: When) -> Condition:
    """Raises PatternError with the path inside the ``when``."""
    endpoint = None if when.endpoint is None else _compile_endpoints(when.endpoint)
    input_matcher = None
    if "input" in when.model_fields_set:
        input_matcher = compile_pattern(when.input, ("input",))
    headers = tuple(
        (name.lower(), compile_pattern(header_text(pattern), ("headers", name)))
        for name, pattern in (when.headers or {}).items()
    )
    via = None if when.via is None else frozenset(when.via)
    return Condition(endpoint, via, input_matcher, headers, when.method)


def _compile_endpoints(endpoint: str | list[str]) -> EndpointPattern | AnyEndpoint:
    try:
        if isinstance(endpoint, str):
            return compile_endpoint(endpoint)
        return AnyEndpoint(tuple(map(compile_endpoint, endpoint)))
    except PatternError as error:
        raise PatternError(("endpoint",), error.message, error.suggestion) from None


def header_text(pattern: Json) -> Json:
    """Header values are text: ``1`` written in a file means ``"1"``."""
    if isinstance(pattern, bool):
        return str(pattern).lower()
    return str(pattern) if isinstance(pattern, (int, float)) else pattern
