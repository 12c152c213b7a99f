"""Journal entries as lines for people: each call, and how it ended."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from fakefal.scenario.matching.matchers import quote

_MAX_OPEN = 10_000
_PROMPT_LENGTH = 40
_POLLS = ("status", "stream")
_QUIET = (*_POLLS, "result", "token", "socket", "message")
"""Kinds that have a line only if something went wrong."""


@dataclass(slots=True)
class _OpenCall:
    endpoint: str
    at: str
    polls: int = 0


class EntryLines:
    """Formats entries in the form of the control API; remembers calls until their result is read.

    ``12:00:01 queue    fal-ai/any-llm  "a tagline"  200  x.yaml:3  019e…``, and later
    ``12:00:05 end      fal-ai/any-llm  result 200 after 4.000s, 3 polls  019e…``.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[str, _OpenCall] = OrderedDict()

    def format(self, entry: dict[str, Any], *, is_complete: bool = False) -> list[str]:
        """The lines of an entry; none for an ordinary poll unless ``is_complete``."""
        kind, request_id = entry["kind"], entry["request_id"]
        if kind == "call":
            return self._call_lines(entry)
        if kind in _POLLS and request_id in self._open:
            self._open[request_id].polls += 1
        lines = []
        is_failed = entry["status"] >= 400 or not entry["status"]
        is_shown = is_complete or kind not in _QUIET or "fault" in _note(entry)
        if is_shown or (is_failed and kind != "result"):
            lines.append(_other_line(entry))
        if kind in ("result", "cancel") and (call := self._open.pop(request_id, None)) is not None:
            lines = [_end_line(entry, call)]
        return lines + _miss_lines(entry)

    def _call_lines(self, entry: dict[str, Any]) -> list[str]:
        endpoint, request_id = entry.get("endpoint", ""), entry["request_id"]
        if entry.get("via") == "queue" and entry["status"] == 200:
            self._open[request_id] = _OpenCall(endpoint, entry["at"])
            if len(self._open) > _MAX_OPEN:
                self._open.popitem(last=False)
        columns = (
            endpoint,
            _prompt(entry.get("input")),
            _status(entry["status"]),
            entry.get("exchange", ""),
            "" if "miss" in entry else _note(entry),
            click.style(request_id, dim=True),
        )
        return [_line(entry, entry.get("via", ""), columns), *_miss_lines(entry)]


def _line(entry: dict[str, Any], word: str, columns: tuple[str, ...]) -> str:
    time = click.style(entry["at"][11:19], dim=True)
    return f"{time} {word:<7} {'  '.join(filter(None, columns))}"


def _note(entry: dict[str, Any]) -> str:
    return str(entry.get("note", ""))


def _status(status: int) -> str:
    return click.style(str(status or "—"), fg="green" if 0 < status < 400 else "red")


def _prompt(value: Any) -> str:
    """The prompt of an input, or the input itself, cut."""
    if isinstance(value, dict):
        prompt = value.get("prompt")
        messages = value.get("messages")
        if prompt is None and isinstance(messages, list) and messages:
            last = messages[-1]
            prompt = last.get("content") if isinstance(last, dict) else None
        value = value if prompt is None else prompt
    return "" if value in (None, {}) else quote(value, _PROMPT_LENGTH)


def _other_line(entry: dict[str, Any]) -> str:
    request_id = click.style(entry["request_id"], dim=True) if entry["request_id"] else ""
    note = "" if "miss" in entry and entry["kind"] != "refused" else _note(entry)
    columns = (entry.get("endpoint", ""), _status(entry["status"]), note, request_id)
    return _line(entry, entry["kind"], columns)


def _end_line(entry: dict[str, Any], call: _OpenCall) -> str:
    begin, end = datetime.fromisoformat(call.at), datetime.fromisoformat(entry["at"])
    polls = f"{call.polls} poll{'' if call.polls == 1 else 's'}"
    text = f"{entry['kind']} {_status(entry['status'])} after {(end - begin).total_seconds():.3f}s"
    columns = (call.endpoint, f"{text}, {polls}", _note(entry), _dim_id(entry))
    return _line(entry, "end", columns)


def _dim_id(entry: dict[str, Any]) -> str:
    return click.style(entry["request_id"], dim=True)


def _miss_lines(entry: dict[str, Any]) -> list[str]:
    """The miss, and in a line of its own the nearest exchanges."""
    if "miss" not in entry:
        return []
    head, separator, nearest = entry["miss"].partition("; nearest: ")
    lines = [head, *([f"nearest: {nearest}"] if separator else [])]
    return [f"         {click.style(line, fg='yellow')}" for line in lines]
