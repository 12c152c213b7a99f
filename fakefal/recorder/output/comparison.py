"""Compares two recordings: what a client would notice, without ids and, by default, times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.files.loader import dump_data
from fakefal.scenario.values.seeded import canonical_json

Fields = dict[str, Any]

_DURATION_FIELDS = frozenset({"for", "first", "every", "waits", "after", "inference_time"})
_IGNORED_FIELDS = frozenset({"request_id", "gateway_request_id"})
_MAX_SHOWN_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``before`` is None for an addition, ``after`` for a removal."""

    where: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.where}: new: {self.after}"
        if self.after is None:
            return f"{self.where}: removed: {self.before}"
        return f"{self.where}: {self.before} → {self.after}"


def compare(before: LoadedScenario, after: LoadedScenario, *, times: bool = False) -> list[Change]:
    """All differences, in the order of the first recording; with ``times`` durations too."""
    left, right = _replies_by_call(before), _replies_by_call(after)
    changes: list[Change] = []
    for key, (name, replies) in left.items():
        if key not in right:
            changes.append(Change(name, f"called {_format_count(len(replies))}", None))
            continue
        _, other_replies = right[key]
        if len(replies) != len(other_replies):
            counts = (
                f"called {_format_count(len(replies))}",
                f"called {_format_count(len(other_replies))}",
            )
            changes.append(Change(name, *counts))
        for number, (old_reply, new_reply) in enumerate(
            zip(replies, other_replies, strict=False), 1
        ):
            prefix = name if len(replies) == 1 else f"{name}, call {number}"
            changes += [
                Change(f"{prefix}: {change.where}", change.before, change.after)
                for change in _differences(old_reply, new_reply, "", times)
            ]
    for key, (name, replies) in right.items():
        if key not in left:
            changes.append(Change(name, None, f"called {_format_count(len(replies))}"))
    changes += _differences(_scenario_fields(before), _scenario_fields(after), "", times)
    return changes


def _replies_by_call(loaded: LoadedScenario) -> dict[str, tuple[str, list[Fields]]]:
    """The name and the replies of each exchange by its ``when``."""
    replies_by_call: dict[str, tuple[str, list[Fields]]] = {}
    data = dump_data(loaded.scenario)
    for exchange in (*data.get("exchanges", []), *data.get("routes", [])):
        when = exchange.get("when", {})
        replies = exchange.get("replies") or [exchange.get("reply") or {}]
        replies_by_call[canonical_json(when)] = (_describe_call(when), replies)
    return replies_by_call


def _describe_call(when: Fields) -> str:
    """A call in one line: endpoint, ``via``, and the beginning of its input."""
    via = when.get("via", "")
    via_text = via if isinstance(via, str) else ", ".join(via)
    input_ = when.get("input")
    if isinstance(input_, dict) and list(input_) == ["$eq"]:
        input_ = input_["$eq"]
    parts = [str(when.get("endpoint", "any endpoint")), f"({via_text})" if via_text else ""]
    return " ".join([*filter(None, parts), "" if input_ is None else _shorten(input_)]).strip()


def _scenario_fields(loaded: LoadedScenario) -> Fields:
    data = dump_data(loaded.scenario)
    return {name: value for name, value in data.items() if name in ("options", "faults", "account")}


def _differences(before: Json, after: Json, path: str, times: bool) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        names = [*before, *(name for name in after if name not in before)]
        for name in names:
            if name in _IGNORED_FIELDS or (name in _DURATION_FIELDS and not times):
                continue
            inner = f"{path}.{name}" if path else name
            if name not in before:
                yield Change(inner, None, _shorten(after[name]))
            elif name not in after:
                yield Change(inner, _shorten(before[name]), None)
            else:
                yield from _differences(before[name], after[name], inner, times)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            inner = f"{path}[{index}]"
            if index >= len(before):
                yield Change(inner, None, _shorten(after[index]))
            elif index >= len(after):
                yield Change(inner, _shorten(before[index]), None)
            else:
                yield from _differences(before[index], after[index], inner, times)
    elif _without_folder(before) != _without_folder(after):
        yield Change(path, *_shorten_both(_to_text(before), _to_text(after)))


def _without_folder(value: Json) -> str:
    """A value as JSON. A recording's files are in a folder with its name; equal files have equal
    names there, whatever the recordings are called."""
    return _FILE_NAME.sub(r"\1", canonical_json(value))


_FILE_NAME = re.compile(r"[^/\"]+\.files/([0-9a-f]{16}\.\w+)")


def _to_text(value: Json) -> str:
    return " ".join((value if isinstance(value, str) else canonical_json(value)).split())


def _shorten(value: Json) -> str:
    text = _to_text(value)
    return text if len(text) <= _MAX_SHOWN_LENGTH else f"{text[: _MAX_SHOWN_LENGTH - 1]}…"


def _shorten_both(before: str, after: str) -> tuple[str, str]:
    """Two texts, cut so that their first difference can be seen."""
    common = next(
        (at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]),
        min(len(before), len(after)),
    )
    start = max(0, common - _MAX_SHOWN_LENGTH // 3)
    if max(len(before), len(after)) <= _MAX_SHOWN_LENGTH or start == 0:
        return _shorten(before), _shorten(after)
    return f"…{_shorten(before[start:])}", f"…{_shorten(after[start:])}"


def _format_count(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
