"""Escapes: blocked attempts of programs to reach the real fal, with the process that made them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_MAX_BYTES = 4_000_000
_MAX_ARGUMENTS = 40


@dataclass(frozen=True, slots=True)
class Escape:
    """A blocked attempt. ``target`` is ``queue.falrun.com:443``, or the URL where it is known.

    ``by`` is what detected it: ``Python``, ``Node``, or ``names`` for the listener behind the
    private hosts file. ``stack`` is innermost last, and empty where it is unknown. ``count`` is
    how often the same process tried the same target.
    """

    target: str
    by: str
    pid: int = 0
    command: tuple[str, ...] = ()
    how: str = ""
    stack: tuple[str, ...] = ()
    count: int = 1

    def __str__(self) -> str:
        times = f" ({self.count} times)" if self.count > 1 else ""
        who = " ".join(self.command) or "an unknown process"
        process = f" (pid {self.pid})" if self.pid else ""
        return f"{self.target}{times}, tried by {who}{process}"

    def body(self) -> dict[str, Any]:
        """The attempt as JSON, as the run report contains it."""
        return {
            "target": self.target,
            "by": self.by,
            "how": self.how,
            "pid": self.pid,
            "command": list(self.command),
            "stack": list(self.stack),
            "count": self.count,
        }


def read_escapes(path: Path) -> list[Escape]:
    """Read what guarded programs appended to the file, at most 4 MB; skips invalid lines."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES)
    except OSError:
        return []
    escapes = []
    for line in content.splitlines():
        try:
            record = json.loads(line)
            escapes.append(
                Escape(
                    str(record["target"]),
                    str(record["by"]),
                    int(record["pid"]),
                    tuple(map(str, record["command"]))[:_MAX_ARGUMENTS],
                    str(record["how"]),
                    tuple(map(str, record["stack"])),
                )
            )
        except (ValueError, KeyError, TypeError):
            continue
    return escapes


def merge_repeats(escapes: Iterable[Escape]) -> list[Escape]:
    """Merge attempts of one process at one target, in the order of the first of each."""
    merged: dict[tuple[int, str], Escape] = {}
    for escape in escapes:
        key = (escape.pid, escape.target)
        first = merged.get(key)
        if first is None:
            merged[key] = escape
        else:
            merged[key] = replace(first, count=first.count + escape.count)
    return list(merged.values())
