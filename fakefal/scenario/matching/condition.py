"""Whether an exchange matches a call, and if not, why and how nearly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.scenario.matching.globs import MAX_LENGTH, Glob
from fakefal.scenario.matching.matchers import (
    Difference,
    Equal,
    Matcher,
    PatternError,
    Subset,
)
from fakefal.scenario.matching.scalars import MISSING

_GLOB = re.compile(r"[*?]")
_NEARLY_THE_SAME = 0.9
_COMPARED_CHARACTERS = 200
"""How much of an endpoint id is compared to estimate its similarity."""


@dataclass(frozen=True, slots=True)
class EndpointPattern:
    """An endpoint id, or a glob in which ``*`` matches any text, slashes included."""

    text: str
    glob: Glob | None

    def matches(self, endpoint: str) -> bool:
        """Whether an endpoint id (without outer slashes) matches."""
        if self.glob is None:
            return endpoint == self.text
        return self.glob.matches(endpoint)

    def similarity(self, endpoint: str) -> float:
        """How similar an id is, from 0 to 1."""
        return SequenceMatcher(None, self.text, endpoint[:_COMPARED_CHARACTERS]).ratio()


@dataclass(frozen=True, slots=True)
class AnyEndpoint:
    """One of several endpoint ids or globs."""

    patterns: tuple[EndpointPattern, ...]

    @property
    def text(self) -> str:
        return " or ".join(pattern.text for pattern in self.patterns)

    def matches(self, endpoint: str) -> bool:
        return any(pattern.matches(endpoint) for pattern in self.patterns)

    def similarity(self, endpoint: str) -> float:
        return max((pattern.similarity(endpoint) for pattern in self.patterns), default=0.0)


def compile_endpoint(text: str) -> EndpointPattern:
    """The pattern of an ``endpoint``; raises PatternError for one that can match no call."""
    if _GLOB.search(text) and "://" not in text:
        if len(text) > MAX_LENGTH:
            suggestion = f"write at most {MAX_LENGTH:,} characters"
            raise PatternError((), f"the pattern has {len(text):,} characters", suggestion)
        return EndpointPattern(text, Glob(text.strip("/")))
    if "://" in text:
        path = text.split("://", 1)[1].partition("/")[2].partition("?")[0]
        named = parse_endpoint(path.partition("/requests/")[0])
        suggestion = f"write {named}" if named else "write owner/alias, such as fal-ai/any-llm"
        raise PatternError((), f'"{text}" is a URL, not an endpoint id', suggestion)
    endpoint = parse_endpoint(text)
    if endpoint is None:
        suggestion = "write owner/alias, such as fal-ai/any-llm, or a pattern with *"
        raise PatternError((), f'"{text}" is not an endpoint id', suggestion)
    return EndpointPattern(endpoint.text, None)


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled ``when``. ``is_get``: it matches direct runs by GET only."""

    endpoint: EndpointPattern | AnyEndpoint | None
    via: frozenset[str] | None
    input: Matcher | None
    headers: tuple[tuple[str, Matcher], ...]
    is_get: bool = False

    def matches(self, call: Call) -> bool:
        """Whether the call matches; never raises."""
        return (
            (self.endpoint is None or self.endpoint.matches(call.endpoint.text))
            and (call.via == "run" and call.method == "GET") is self.is_get
            and (self.via is None or call.via in self.via)
            and (self.input is None or self.input.matches(call.matcher_input))
            and (not self.headers or _headers_match(call.headers, self.headers))
        )

    def matches_ignoring_input(self, call: Call) -> bool:
        """Whether a call of the same kind could match with another input."""
        return (
            not self.is_get
            and (self.endpoint is None or self.endpoint.matches(call.endpoint.text))
            and (self.via is None or call.via in self.via)
            and (not self.headers or _headers_match(call.headers, self.headers))
        )

    def required_scalars(self) -> dict[str, tuple[str, Json]]:
        """Top-level input fields that must equal one scalar; the exchange index uses them."""
        if not isinstance(self.input, Subset):
            return {}
        return {
            name: matcher.key for name, matcher in self.input.fields if isinstance(matcher, Equal)
        }

    def beyond_index(self, key_field: str | None = None) -> Condition | None:
        """What is left to check for a call of the right endpoint and method; None if nothing is.

        ``key_field`` is an input field that equals the required scalar, if the condition has one.
        """
        matcher = self.input
        if isinstance(matcher, Subset):
            fields = tuple(
                (name, value)
                for name, value in matcher.fields
                if name != key_field or not isinstance(value, Equal)
            )
            # An object without fields still requires an object, which a key implies.
            matcher = Subset(fields) if fields or len(fields) == len(matcher.fields) else None
        if self.via is None and matcher is None and not self.headers:
            return None
        return replace(self, endpoint=None, input=matcher)

    def differences(self, call: Call) -> list[Difference]:
        """Why the call does not match, the heaviest first; empty exactly if it does."""
        differences: list[Difference] = []
        if self.endpoint is not None and not self.endpoint.matches(call.endpoint.text):
            similarity = self.endpoint.similarity(call.endpoint.text)
            text = f"is {call.endpoint.text}, wanted {self.endpoint.text}"
            if similarity >= _NEARLY_THE_SAME:
                text += " (nearly the same: check the spelling)"
            differences.append(Difference("endpoint", text, 6 - 3 * similarity))
        if (call.via == "run" and call.method == "GET") is not self.is_get:
            expected = "GET" if self.is_get else "POST"
            actual = call.method if call.via == "run" else f"that of a {call.via} call"
            differences.append(Difference("method", f"is {actual}, wanted {expected}", 4))
        if self.via is not None and call.via not in self.via:
            text = f"is {call.via}, wanted {' or '.join(sorted(self.via))}"
            differences.append(Difference("via", text, 2))
        if self.input is not None:
            differences.extend(self.input.differences(call.matcher_input, "input"))
        for name, matcher in self.headers:
            differences.extend(
                matcher.differences(call.headers.get(name, MISSING), f"headers.{name}")
            )
        return differences


def _headers_match(headers: Mapping[str, str], matchers: tuple[tuple[str, Matcher], ...]) -> bool:
    return all(matcher.matches(headers.get(name, MISSING)) for name, matcher in matchers)


def distance(differences: list[Difference]) -> float:
    """How far a call is from an exchange: the sum of the weights, 0 for a match."""
    return sum(difference.weight for difference in differences)
