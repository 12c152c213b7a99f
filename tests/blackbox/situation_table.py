"""``docs/situations.md``, made of what the clients saw."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from fakefal.scenario.presets.registry import PRESETS
from tests.blackbox.situations import FIRST_RELEASE, SITUATIONS, Situation

GROUPS = (
    (1, "Auth, account, limits"),
    (11, "Bad input and model errors"),
    (21, "Platform errors"),
    (30, "Queue life"),
    (42, "Network"),
    (47, "Webhooks"),
    (59, "Streaming and language models"),
    (68, "Files"),
)

HEAD = """# What a client must survive

Every situation that users of fal reported, how it is written, and what the real clients do in it:
what `fal_client` 1.0.3 and `@fal-ai/client` 1.10.1 return or raise, and how many requests of each
kind the fake counted. This file is written by a test (`tests/blackbox/test_situations.py`) from
what both clients saw over real sockets. The sources of each situation are in
[reference/situations.md](reference/situations.md).

`reply:` and `replies:` belong to an exchange, everything else to the top of a scenario; in a test,
`on` stands for `fakefal.on("fal-ai/any-llm")`. The reply is "Ship it." unless the row says
otherwise. Grades: **D** documented by fal or read in its clients, **O** observed on the live
service, **I** inferred. A star marks the forty that were asserted first. The timers of the JS
client ran a hundred times faster than usual; `waits for ever` is a conversation that had not ended
after some seconds and would not end.
"""

_LONGEST = 240
_ORDER = (
    *("submit", "run", "stream", "status", "status stream", "result", "cancel"),
    *("upload", "token", "webhook", "refused", "lint"),
)
_NAMES = {"call": "", "stream": "status stream"}
_VIAS = {"queue": "submit", "run": "run", "stream": "stream"}
ENDLESS = "waits for ever"


@dataclass(frozen=True)
class Seen:
    """What one client made of a situation, and the journal of its key."""

    report: str
    journal: list[dict[str, Any]]

    @property
    def counts(self) -> Counter[str]:
        """How many requests of each kind came."""
        found: Counter[str] = Counter()
        for entry in self.journal:
            kind = entry["kind"]
            via = entry.get("via", "queue")
            found[_VIAS[via] if kind == "call" else _NAMES.get(kind, kind)] += 1
        return found

    @property
    def cell(self) -> str:
        """Both in a few words."""
        if not self.report:
            return "–"
        if self.report == ENDLESS:
            return ENDLESS
        counts = self.counts
        counted = ", ".join(f"{name} {counts[name]}" for name in _ORDER if counts[name])
        return f"{_cut(self.report)}<br>*{counted}*" if counted else _cut(self.report)


def _cut(text: str) -> str:
    whole = text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…"


def table(seen: dict[str, dict[int, Seen]]) -> str:
    """The whole file; ``seen`` is by client and number."""
    parts = [HEAD]
    ends = [first for first, _ in GROUPS[1:]] + [1000]
    for (first, title), end in zip(GROUPS, ends, strict=True):
        rows = [_row(it, seen) for it in SITUATIONS if first <= it.n < end]
        parts.append(f"\n## {title}\n\n{_HEADER}{''.join(rows)}")
    return "".join([*parts, _presets()])


_HEADER = (
    "| # | situation | scenario | in a test | `fal_client` | `@fal-ai/client` | grade |\n"
    "|---|---|---|---|---|---|---|\n"
)


def _row(it: Situation, seen: dict[str, dict[int, Seen]]) -> str:
    star = " ★" if it.n in FIRST_RELEASE else ""
    scenario = f"`{it.scenario}`" if it.scenario else "by itself"
    python = f"`{it.python}`" if it.python else "by itself"
    cells = [f"{it.n}{star}", it.title, scenario, python]
    cells += [seen[client][it.n].cell for client in ("python", "js")]
    return f"| {' | '.join([*cells, it.grade])} |\n"


def _presets() -> str:
    rows = "".join(
        f"| `{it.name}` | {it.part} | {it.description} | {it.grade} | {it.source} |\n"
        for it in PRESETS.values()
    )
    return f"{_PRESETS_HEAD}{rows}"


_PRESETS_HEAD = """
## Presets

The names of the error catalogue ([scenarios.md](scenarios.md)) are presets of a reply as well.

| preset | of a | what happens | grade | source |
|---|---|---|---|---|
"""
