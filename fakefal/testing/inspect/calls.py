"""The calls that came to a test: a list that can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fakefal.engine.controls import CallRecord
from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.scenario.builder import build_when, when_of
from fakefal.scenario.matching.condition import Condition, compile_condition, distance
from fakefal.scenario.matching.matchers import PatternError, quote

_SHOWN = 12


class Calls(list[CallRecord]):
    """Calls, oldest first. ``story`` tells what else happened, for failures."""

    def __init__(self, calls: Iterable[CallRecord], story: Callable[[], str] = str) -> None:
        super().__init__(calls)
        self._story = story

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
        """Those that ``on`` with the same arguments would answer."""
        condition = condition_of(endpoint, via, input, headers, fields)
        return Calls((it for it in self if condition.matches(_call(it))), self._story)

    def one(self, endpoint: str | list[str] | None = None, /, **wanted: Any) -> CallRecord:
        """The only call, or the only one that is as ``where`` says; AssertionError if not one."""
        found = self.where(endpoint, **wanted)
        if len(found) == 1:
            return found[0]
        asked = told_of(endpoint, wanted)
        raise AssertionError(
            f"expected exactly one call{asked}, got {len(found)}{self.nearest(endpoint, wanted)}"
            f"{self._told(found)}"
        )

    def nearest(self, endpoint: str | list[str] | None, wanted: dict[str, Any]) -> str:
        """What kept the nearest of these calls from being as wanted, as a line of a failure."""
        via, input_, headers = (wanted.get(name) for name in _NAMED)
        condition = condition_of(endpoint, via, input_, headers or None, _fields(wanted))
        found = []
        for number, call in enumerate(self):
            differences = condition.differences(_call(call))
            if differences:
                found.append((distance(differences), number, differences))
        if not found:
            return ""
        _, number, differences = min(found, key=lambda it: it[0])
        why = "; ".join(map(str, differences[:3]))
        return f"\nnearest: call {number + 1} ({shown(self[number])}): {why}"

    def _told(self, calls: Calls) -> str:
        told = calls.listed() if calls else self.listed()
        story = self._story()
        return f"\n{told}" + (f"\n{story}" if story else "")

    def listed(self) -> str:
        """All of them, a line each."""
        if not self:
            return "no call came"
        lines = [f"  {number}. {shown(call)}" for number, call in enumerate(self, 1)]
        more = len(lines) - _SHOWN
        return "\n".join(["calls:", *lines[:_SHOWN], *([f"  … {more} more"] if more > 0 else [])])


_NAMED = ("via", "input", "headers")


def _fields(wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if name not in _NAMED}


def shown(call: CallRecord) -> str:
    """A call on one line."""
    return f"{call.via} {call.endpoint} {quote(call.input)} → {call.status}"


def told_of(endpoint: str | list[str] | None, wanted: dict[str, Any]) -> str:
    """What was asked for, as a part of a sentence."""
    parts = (
        []
        if endpoint is None
        else [f"to {endpoint if isinstance(endpoint, str) else ' or '.join(endpoint)}"]
    )
    for name, value in wanted.items():
        parts.append(f"{name}={_shown_value(value)}")
    return f" {', '.join(parts)}" if parts else ""


def _shown_value(value: Any) -> str:
    json = getattr(value, "json", value)
    return getattr(json, "__qualname__", "a function") if callable(json) else quote(json)


def condition_of(
    endpoint: str | list[str] | None,
    via: str | list[str] | None,
    input_: Json,
    headers: dict[str, Any] | None,
    fields: dict[str, Any],
) -> Condition:
    """What ``on`` would compare calls with; raises FakefalError."""
    when = build_when(when_of(endpoint, via, input_, headers, fields))
    try:
        return compile_condition(when)
    except PatternError as error:
        from fakefal.scenario.builder import worded

        raise worded(error) from None


def _call(record: CallRecord) -> Call:
    endpoint = parse_endpoint(record.endpoint)
    assert endpoint is not None, record.endpoint
    return Call(endpoint, record.via, record.input, record.headers)  # type: ignore[arg-type]  # a via as it came
