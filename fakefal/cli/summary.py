"""The lines that ``fakefal run`` ends with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fakefal.cli.run_report import Outcome
from fakefal.cli.server_options import counted

_MOST = 20
"""Lines of one kind; the rest is counted."""


def summary(outcome: Outcome) -> list[str]:
    """What happened, in plain lines; the first one counts."""
    lines = [f"fakefal: {_head(outcome)}"]
    lines += _rows("miss", _times(map(str, outcome.misses)))
    lines += _rows("unused", (_placed(label, place) for label, place in outcome.unused))
    lines += _rows("webhook", map(_webhook, _undelivered(outcome)))
    lines += _rows("webhook", (f"still due: {line}" for line in outcome.unsent))
    lines += _rows(
        "refused",
        (f"{it.target}, not fal's{_often(it.count)}" for it in outcome.refused),
    )
    lines += escapes(outcome)
    if outcome.left:
        lines.append("  note     processes of the command still run; they have no fake any more")
    return lines


def escapes(outcome: Outcome) -> list[str]:
    """Attempts to reach the real fal: what, who, and from where in its code."""
    lines = []
    for escape in outcome.escapes[:_MOST]:
        lines.append(f"  escape   refused: {escape}")
        lines += [f"             {frame}" for frame in escape.stack[-3:]]
    if len(outcome.escapes) > _MOST:
        lines.append(f"  escape   … and {len(outcome.escapes) - _MOST} more")
    return lines


def _head(outcome: Outcome) -> str:
    calls = counted(outcome.total, "call")
    if outcome.calls:
        ways = ", ".join(f"{way} {number}" for way, number in sorted(outcome.calls.items()))
        calls = f"{calls} ({ways})"
    parts = [calls, counted(len(outcome.misses), "miss")]
    if outcome.unused:
        parts.append(counted(len(outcome.unused), "unused exchange"))
    if outcome.webhooks:
        parts.append(counted(len(outcome.webhooks), "webhook"))
    if outcome.escapes:
        parts.append(f"{counted(len(outcome.escapes), 'attempt')} to reach the real fal")
    return ", ".join(parts)


def _rows(kind: str, told: Iterable[str]) -> list[str]:
    found = list(told)
    lines = [f"  {kind:<8} {text}" for text in found[:_MOST]]
    if len(found) > _MOST:
        lines.append(f"  {kind:<8} … and {len(found) - _MOST} more")
    return lines


def _times(told: Iterable[str]) -> list[str]:
    """The same line once, with how often it came."""
    return [f"{text}{_often(number)}" for text, number in Counter(told).items()]


def _often(number: int) -> str:
    return f" ({number} times)" if number > 1 else ""


def _placed(label: str, place: str) -> str:
    return f"{label} ({place})" if place else label


def _undelivered(outcome: Outcome) -> list[dict[str, object]]:
    return [it for it in outcome.webhooks if it["state"] != "delivered"]


def _webhook(told: dict[str, object]) -> str:
    attempts = told["attempts"]
    number = len(attempts) if isinstance(attempts, list) else 0
    why = f": {told['why']}" if told.get("why") else ""
    return f"{told['state']} {told['url']} after {counted(number, 'attempt')}{why}"
