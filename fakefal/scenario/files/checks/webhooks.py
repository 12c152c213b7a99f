"""Checks of ``behind`` in webhooks: unknown ids and webhooks that wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from fakefal.errors import ScenarioProblem
from fakefal.scenario.files.source import Path, Source


def check_webhooks(source: Source, exchanges: list[Any]) -> Iterator[ScenarioProblem]:
    """Each ``behind`` must be the id of an exchange of the file, and there must be no cycle."""
    dependencies = list(_dependencies(exchanges))
    ids = [
        exchange["id"]
        for exchange in exchanges
        if isinstance(exchange, dict) and isinstance(exchange.get("id"), str)
    ]
    behind_by_id = {own: behind for _, own, behind in dependencies if own is not None}
    for path, own, behind in dependencies:
        if behind not in ids:
            close = get_close_matches(behind, ids, 1)
            hint = f"one of {', '.join(ids[:12])}" if ids else "give that exchange an id"
            suggestion = f'did you mean "{close[0]}"?' if close else hint
            yield source.problem(path, f'no exchange has the id "{behind}"', suggestion)
        elif own is not None and _is_cyclic(own, behind_by_id):
            message = "these webhooks wait for each other, so none is ever sent"
            yield source.problem(path, message, "remove one behind")


def _dependencies(exchanges: list[Any]) -> Iterator[tuple[Path, str | None, str]]:
    """The path of every ``behind``, the id of its exchange, and the id that it names."""
    for index, exchange in enumerate(exchanges):
        if not isinstance(exchange, dict):
            continue
        own = exchange.get("id")
        replies = exchange.get("replies")
        numbered = list(enumerate(replies)) if isinstance(replies, list) else []
        replies_by_path: list[tuple[Path, Any]] = [
            (("exchanges", index, "reply"), exchange.get("reply")),
            *((("exchanges", index, "replies", number), reply) for number, reply in numbered),
        ]
        for path, reply in replies_by_path:
            webhook = reply.get("webhook") if isinstance(reply, dict) else None
            behind = webhook.get("behind") if isinstance(webhook, dict) else None
            if isinstance(behind, str):
                yield (*path, "webhook", "behind"), own if isinstance(own, str) else None, behind


def _is_cyclic(own: str, behind_by_id: dict[str, str]) -> bool:
    seen: set[str] = set()
    current: str | None = own
    while current is not None and current not in seen:
        seen.add(current)
        current = behind_by_id.get(current)
    return current == own
