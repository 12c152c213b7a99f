"""Answers that went wrong on their way, as the faults of a reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.errors.catalog import CATALOGUE
from fakefal.recorder.capture.captures import Capture, Heard
from fakefal.recorder.distil.outcomes import Unusable, failing, told_headers

OK = "ok"


def fault_of(heard: Heard, endpoint: EndpointId) -> Json:
    """One answer as a fault: its word, or spelled out."""
    if heard.status == 0:
        return heard.cut or "close"
    if heard.cut:
        return {heard.cut: "during"}
    try:
        named = failing(heard, endpoint, None)
    except Unusable:
        named = {}
    if isinstance(named, str) and CATALOGUE[named.replace("-", "_")].message.find("{") < 0:
        return named.replace("_", "-")
    spec: dict[str, Any] = {"status": heard.status}
    try:
        spec["body"] = heard.json()
    except ValueError:
        spec["body"] = heard.body.decode("utf-8", "replace")
        if heard.content_type:
            spec["content_type"] = heard.content_type
    if headers := told_headers(heard).get("headers"):
        spec["headers"] = headers
    return spec


def in_turn(
    captures: Sequence[Capture], bad: Sequence[Capture], endpoint: EndpointId
) -> list[Json]:
    """The faults of one operation, used in turn: ``ok`` where the answer was a good one.

    Good ones after the last fault are left out, as what follows is healthy.
    """
    turns = [fault_of(it.heard, endpoint) if it in bad else OK for it in captures]
    while turns and turns[-1] == OK:
        turns.pop()
    return folded(turns)


def folded(turns: Sequence[Json]) -> list[Json]:
    """Equal faults in a row as one: ``nginx-502 x2``, or with ``times``."""
    found: list[tuple[Json, int]] = []
    for turn in turns:
        if found and found[-1][0] == turn:
            found[-1] = (turn, found[-1][1] + 1)
        else:
            found.append((turn, 1))
    return [_repeated(turn, count) for turn, count in found]


def always(turn: Json) -> Json:
    """A fault that every request meets."""
    return f"{turn} x*" if isinstance(turn, str) else {**turn, "times": "always"}


def _repeated(turn: Json, count: int) -> Json:
    if count == 1:
        return turn
    return f"{turn} x{count}" if isinstance(turn, str) else {**turn, "times": count}
