"""Whether one condition matches every call that another one matches.

The answer "no" may be wrong, "yes" never is: patterns that cannot be compared cover nothing.
"""

from __future__ import annotations

from fakefal.scenario.matching.condition import AnyEndpoint, Condition, EndpointPattern
from fakefal.scenario.matching.exactly import Exactly
from fakefal.scenario.matching.matchers import AllOf, Equal, Matcher, Subset
from fakefal.scenario.matching.scalars import MISSING


def covers(wide: Condition, narrow: Condition) -> bool:
    """Whether ``wide`` matches all calls of ``narrow``."""
    return (
        wide.method == narrow.method
        and _covers_endpoint(wide.endpoint, narrow.endpoint)
        and (wide.via is None or (narrow.via is not None and narrow.via <= wide.via))
        and _covers_headers(wide, narrow)
        and (wide.input is None or _covers_value(wide.input, narrow.input))
    )


def _patterns(endpoint: EndpointPattern | AnyEndpoint) -> tuple[EndpointPattern, ...]:
    return endpoint.patterns if isinstance(endpoint, AnyEndpoint) else (endpoint,)


def _covers_endpoint(
    wide: EndpointPattern | AnyEndpoint | None, narrow: EndpointPattern | AnyEndpoint | None
) -> bool:
    if wide is None:
        return True
    if narrow is None:
        return any(pattern.text == "*" for pattern in _patterns(wide))
    return all(
        any(_covers_pattern(one, other) for one in _patterns(wide)) for other in _patterns(narrow)
    )


def _covers_pattern(wide: EndpointPattern, narrow: EndpointPattern) -> bool:
    if narrow.glob is None:
        return wide.matches(narrow.text)
    if wide.text in ("*", narrow.text):
        return True
    prefix = wide.text.removesuffix("*")  # fal-ai/* covers fal-ai/flux/*
    is_prefix = wide.text.endswith("*") and not set("*?") & set(prefix)
    return is_prefix and narrow.text.startswith(prefix)


def _covers_headers(wide: Condition, narrow: Condition) -> bool:
    required = dict(narrow.headers)
    return all(
        name in required and _covers_value(matcher, required[name])
        for name, matcher in wide.headers
    )


def _covers_value(wide: Matcher, narrow: Matcher | None) -> bool:
    """Whether ``wide`` matches each value that ``narrow`` matches; None matches everything."""
    if narrow is None:
        return False
    if wide == narrow:
        return True
    if isinstance(wide, Subset) and isinstance(narrow, Subset):
        fields = dict(narrow.fields)
        return all(
            name in fields and _covers_value(matcher, fields[name]) for name, matcher in wide.fields
        )
    if isinstance(wide, AllOf):
        return all(_covers_value(matcher, narrow) for matcher in wide.matchers)
    if isinstance(narrow, AllOf):
        return any(_covers_value(wide, matcher) for matcher in narrow.matchers)
    if isinstance(narrow, Exactly):
        return wide.matches(narrow.wanted)
    if isinstance(narrow, Equal):
        return wide.matches(narrow.key[1]) and not wide.matches(MISSING)
    return False
