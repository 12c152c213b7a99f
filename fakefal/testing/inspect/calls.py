"""``fakefal.calls``: a list of calls that can be filtered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fakefal.engine.controls import CallRecord
from fakefal.errors import hide_frame
from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.scenario.builder import build_when, to_user_error, when_data
from fakefal.scenario.compiler.condition import compile_condition
from fakefal.scenario.matching.condition import Condition, distance
from fakefal.scenario.matching.matchers import PatternError, quote

__tracebackhide__ = hide_frame

_MAX_SHOWN = 12


class Calls(list[CallRecord]):
    """Calls, oldest first; ``excerpt`` returns the end of the journal, for assertion errors."""

    def __init__(self, calls: Iterable[CallRecord], excerpt: Callable[[], str] = str) -> None:
        super().__init__(calls)
        self._excerpt = excerpt

    def where(
        self,
        endpoint: str | list[str] | None = None,
        /,
        *,
        via: str | list[str] | None = None,
        input: Json = None,
        headers: dict[str, Any] | None = None,
        **fields: Json,
    ) -> Calls:
        """The calls that ``on`` with the same arguments would match."""
        condition = build_condition(endpoint, via, input, headers, fields)
        return Calls((call for call in self if condition.matches(_call_of(call))), self._excerpt)

    def one(self, endpoint: str | list[str] | None = None, /, **criteria: Any) -> CallRecord:
        """The only call that matches the criteria of ``on``; raises AssertionError if not one."""
        matching_calls = self.where(endpoint, **criteria)
        if len(matching_calls) == 1:
            return matching_calls[0]
        description = describe_criteria(endpoint, criteria)
        nearest = self.nearest(endpoint, criteria)
        raise AssertionError(
            f"expected exactly one call{description}, got {len(matching_calls)}{nearest}"
            f"{self._details(matching_calls)}"
        )

    def nearest(self, endpoint: str | list[str] | None, criteria: dict[str, Any]) -> str:
        """A line that names the nearest call and its differences; empty without a near miss."""
        via, input_, headers = (criteria.get(name) for name in _NAMED_CRITERIA)
        condition = build_condition(
            endpoint, via, input_, headers or None, _field_criteria(criteria)
        )
        candidates = []
        for number, call in enumerate(self):
            differences = condition.differences(_call_of(call))
            if differences:
                candidates.append((distance(differences), number, differences))
        if not candidates:
            return ""
        _, number, differences = min(candidates, key=lambda candidate: candidate[0])
        reasons = "; ".join(map(str, differences[:3]))
        return f"\nnearest: call {number + 1} ({format_call(self[number])}): {reasons}"

    def _details(self, calls: Calls) -> str:
        listing = calls.format_list() if calls else self.format_list()
        excerpt = self._excerpt()
        return f"\n{listing}" + (f"\n{excerpt}" if excerpt else "")

    def format_list(self) -> str:
        """The first 12 calls, one a line."""
        if not self:
            return "no calls"
        lines = [f"  {number}. {format_call(call)}" for number, call in enumerate(self, 1)]
        hidden_count = len(lines) - _MAX_SHOWN
        if hidden_count > 0:
            lines[_MAX_SHOWN:] = [f"  … {hidden_count} more"]
        return "\n".join(["calls:", *lines])


_NAMED_CRITERIA = ("via", "input", "headers")


def _field_criteria(criteria: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in criteria.items() if name not in _NAMED_CRITERIA}


def format_call(call: CallRecord) -> str:
    """One line: ``run fal-ai/any-llm {"prompt": "x"} → 200``."""
    return f"{call.via} {call.endpoint} {quote(call.input)} → {call.status}"


def describe_criteria(endpoint: str | list[str] | None, criteria: dict[str, Any]) -> str:
    """The criteria as text after "call": `` to fal-ai/any-llm, prompt="x"``."""
    parts = [f"{name}={_format_value(value)}" for name, value in criteria.items()]
    if endpoint is not None:
        parts.insert(0, f"to {endpoint if isinstance(endpoint, str) else ' or '.join(endpoint)}")
    return f" {', '.join(parts)}" if parts else ""


def _format_value(value: Any) -> str:
    json = getattr(value, "json", value)
    return getattr(json, "__qualname__", "a function") if callable(json) else quote(json)


def build_condition(
    endpoint: str | list[str] | None,
    via: str | list[str] | None,
    input_: Json,
    headers: dict[str, Any] | None,
    fields: dict[str, Any],
) -> Condition:
    """The condition of ``on`` with these arguments; raises FakefalError."""
    when = build_when(when_data(endpoint, via, input_, headers, fields))
    try:
        return compile_condition(when)
    except PatternError as error:
        raise to_user_error(error) from None


def _call_of(record: CallRecord) -> Call:
    endpoint = parse_endpoint(record.endpoint)
    assert endpoint is not None, record.endpoint
    via: Any = record.via
    return Call(endpoint, via, record.input, record.headers)
