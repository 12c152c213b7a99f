"""The summary at the end of ``fakefal run``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fakefal.cli.run_report import RunReport
from fakefal.cli.terminal import pluralize

_MAX_LINES = 20
"""Lines of each kind; further ones are only counted."""


def summarize(report: RunReport) -> list[str]:
    """The summary's lines; the first is a headline with totals."""
    lines = [f"fakefal: {_headline(report)}"]
    lines += _rows("miss", _deduplicated(map(str, report.misses)))
    lines += _rows("unused", (_with_location(label, location) for label, location in report.unused))
    lines += _rows("webhook", map(_format_webhook, _undelivered(report)))
    lines += _rows("webhook", (f"still due: {line}" for line in report.unsent_webhooks))
    lines += _rows(
        "blocked",
        (f"{host.target}, not fal's{_times_suffix(host.count)}" for host in report.blocked_hosts),
    )
    lines += _rows(
        "limit",
        (
            f"{count} refused by the limit of {name} — raise it with --limit {name}=NUMBER"
            for name, count in report.refused_by_limits.items()
        ),
    )
    lines += escape_lines(report)
    for process in report.running_processes[:_MAX_LINES]:
        lines.append(f"  note     still running, without a server: {process}")
    return lines


def escape_lines(report: RunReport) -> list[str]:
    """Attempts to reach the real fal, with the last frames of their stacks."""
    lines = []
    for escape in report.escapes[:_MAX_LINES]:
        lines.append(f"  escape   blocked: {escape}")
        lines += [f"             {frame}" for frame in escape.stack[-3:]]
    if len(report.escapes) > _MAX_LINES:
        lines.append(f"  escape   … and {len(report.escapes) - _MAX_LINES} more")
    return lines


def _headline(report: RunReport) -> str:
    calls = pluralize(report.total, "call")
    if report.calls:
        by_via = ", ".join(f"{via} {number}" for via, number in sorted(report.calls.items()))
        calls = f"{calls} ({by_via})"
    parts = [calls, pluralize(len(report.misses), "miss")]
    if report.unused:
        parts.append(pluralize(len(report.unused), "unused exchange"))
    if report.webhooks:
        parts.append(pluralize(len(report.webhooks), "webhook"))
    if report.escapes:
        parts.append(f"{pluralize(len(report.escapes), 'attempt')} to reach the real fal")
    return ", ".join(parts)


def _rows(kind: str, texts: Iterable[str]) -> list[str]:
    all_texts = list(texts)
    lines = [f"  {kind:<8} {text}" for text in all_texts[:_MAX_LINES]]
    if len(all_texts) > _MAX_LINES:
        lines.append(f"  {kind:<8} … and {len(all_texts) - _MAX_LINES} more")
    return lines


def _deduplicated(texts: Iterable[str]) -> list[str]:
    """Each distinct text once, with its number of occurrences."""
    return [f"{text}{_times_suffix(number)}" for text, number in Counter(texts).items()]


def _times_suffix(number: int) -> str:
    return f" ({number} times)" if number > 1 else ""


def _with_location(label: str, location: str) -> str:
    return f"{label} ({location})" if location not in ("", label) else label


def _undelivered(report: RunReport) -> list[dict[str, object]]:
    return [delivery for delivery in report.webhooks if delivery["state"] != "delivered"]


def _format_webhook(delivery: dict[str, object]) -> str:
    attempts = delivery["attempts"]
    number = len(attempts) if isinstance(attempts, list) else 0
    reason = f": {delivery['why']}" if delivery.get("why") else ""
    return f"{delivery['state']} {delivery['url']} after {pluralize(number, 'attempt')}{reason}"
