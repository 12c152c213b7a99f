"""What webhooks of a scenario can have wrong beyond their shape: waiting for what never comes."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from fakefal.errors import Mistake
from fakefal.scenario.files.source import Path, Source


def check_webhooks(source: Source, exchanges: list[Any]) -> Iterator[Mistake]:
    """Each ``behind`` names another exchange of the file, and none waits for itself in the end."""
    found = list(_waiting(exchanges))
    ids = [it["id"] for it in exchanges if isinstance(it, dict) and isinstance(it.get("id"), str)]
    ahead = {own: behind for _, own, behind in found if own is not None}
    for path, own, behind in found:
        if behind not in ids:
            close = get_close_matches(behind, ids, 1)
            known = f"known here: {', '.join(ids[:12])}" if ids else "give that exchange an id"
            right = f'did you mean "{close[0]}"?' if close else known
            yield source.mistake(path, f'no exchange has the id "{behind}"', right)
        elif own is not None and _comes_back(own, ahead):
            what = "these webhooks wait for one another, so that none is ever sent"
            yield source.mistake(path, what, "remove one of the behind")


def _waiting(exchanges: list[Any]) -> Iterator[tuple[Path, str | None, str]]:
    """Where a ``behind`` stands, the id of its exchange, and the id that it names."""
    for index, exchange in enumerate(exchanges):
        if not isinstance(exchange, dict):
            continue
        own = exchange.get("id")
        replies = exchange.get("replies")
        several = list(enumerate(replies)) if isinstance(replies, list) else []
        places: list[tuple[Path, Any]] = [
            (("exchanges", index, "reply"), exchange.get("reply")),
            *((("exchanges", index, "replies", number), reply) for number, reply in several),
        ]
        for path, reply in places:
            webhook = reply.get("webhook") if isinstance(reply, dict) else None
            behind = webhook.get("behind") if isinstance(webhook, dict) else None
            if isinstance(behind, str):
                yield (*path, "webhook", "behind"), own if isinstance(own, str) else None, behind


def _comes_back(own: str, ahead: dict[str, str]) -> bool:
    seen: set[str] = set()
    here: str | None = own
    while here is not None and here not in seen:
        seen.add(here)
        here = ahead.get(here)
    return here == own
