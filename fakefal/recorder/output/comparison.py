"""What differs between two recordings: what a client would notice, and no ids or times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.scenario.files.loader import Loaded, dump_data
from fakefal.scenario.values.seeded import canonical

Fields = dict[str, Any]

_OF_TIME = frozenset({"for", "first", "every", "waits", "after", "inference_time"})
_ALWAYS_OTHER = frozenset({"request_id", "gateway_request_id"})
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``before`` or ``after`` is None where there was nothing."""

    where: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.where}: new: {self.after}"
        if self.after is None:
            return f"{self.where}: gone: {self.before}"
        return f"{self.where}: {self.before} → {self.after}"


def changes(before: Loaded, after: Loaded, *, times: bool = False) -> list[Change]:
    """Every difference, in the order of the first recording. ``times`` counts durations too."""
    left, right = _by_call(before), _by_call(after)
    found: list[Change] = []
    for key, (name, replies) in left.items():
        if key not in right:
            found.append(Change(name, f"asked {_count(len(replies))}", None))
            continue
        _, others = right[key]
        if len(replies) != len(others):
            asked = (f"asked {_count(len(replies))}", f"asked {_count(len(others))}")
            found.append(Change(name, *asked))
        for number, (mine, theirs) in enumerate(zip(replies, others, strict=False), 1):
            place = name if len(replies) == 1 else f"{name}, call {number}"
            found += [
                Change(f"{place}: {change.where}", change.before, change.after)
                for change in _differences(mine, theirs, "", times)
            ]
    for key, (name, replies) in right.items():
        if key not in left:
            found.append(Change(name, None, f"asked {_count(len(replies))}"))
    found += _differences(_top(before), _top(after), "", times)
    return found


def _by_call(loaded: Loaded) -> dict[str, tuple[str, list[Fields]]]:
    """The replies of each call, by what it matches."""
    found: dict[str, tuple[str, list[Fields]]] = {}
    for exchange in dump_data(loaded.scenario).get("exchanges", []):
        when = exchange.get("when", {})
        replies = exchange.get("replies") or [exchange.get("reply") or {}]
        found[canonical(when)] = (_named(when), replies)
    return found


def _named(when: Fields) -> str:
    """A call in words: endpoint, way, and the beginning of its input."""
    via = when.get("via", "")
    way = via if isinstance(via, str) else ", ".join(via)
    given = when.get("input")
    if isinstance(given, dict) and list(given) == ["$eq"]:
        given = given["$eq"]
    parts = [str(when.get("endpoint", "any endpoint")), f"({way})" if way else ""]
    return " ".join([*filter(None, parts), "" if given is None else _short(given)]).strip()


def _top(loaded: Loaded) -> Fields:
    data = dump_data(loaded.scenario)
    return {name: value for name, value in data.items() if name in ("options", "faults", "account")}


def _differences(before: Json, after: Json, path: str, times: bool) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        names = [*before, *(name for name in after if name not in before)]
        for name in names:
            if name in _ALWAYS_OTHER or (name in _OF_TIME and not times):
                continue
            inner = f"{path}.{name}" if path else name
            if name not in before:
                yield Change(inner, None, _short(after[name]))
            elif name not in after:
                yield Change(inner, _short(before[name]), None)
            else:
                yield from _differences(before[name], after[name], inner, times)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            inner = f"{path}[{index}]"
            if index >= len(before):
                yield Change(inner, None, _short(after[index]))
            elif index >= len(after):
                yield Change(inner, _short(before[index]), None)
            else:
                yield from _differences(before[index], after[index], inner, times)
    elif canonical(before) != canonical(after):
        yield Change(path, _short(before), _short(after))


def _short(value: Json) -> str:
    text = value if isinstance(value, str) else canonical(value)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def _count(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
