"""Keeps a command from the real fal: hooks for Python and Node, a private hosts file for the rest.

What notices an attempt is told in one place; ``fakefal run`` asks for it at the end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from fakefal.ca.authority import Authority
from fakefal.cli.child import Ended, View
from fakefal.guard.escape_listener import Trap
from fakefal.guard.escapes import Escape, read_escapes, together
from fakefal.guard.hosts_file import guard_address, hosts_text, switch_text

Wait = Callable[[Coroutine[Any, Any, Any]], Future[Any]]
"""Runs a coroutine in the loop of the server."""

HOOKS = "by hooks: lookups and connections are refused and reported"


class Guard:
    """The guard of one command; ``folder`` is for its files and belongs to this run.

    ``view`` is what the command is to be started with, None where there is no private hosts file.
    """

    def __init__(self, folder: Path, authority: Authority, wait: Wait) -> None:
        self.escapes_file = folder / "escapes.jsonl"
        self.view: View | None = None
        self._folder = folder
        self._wait = wait
        self._address = guard_address(os.getpid())
        self._trap = Trap(authority, self._address)
        self._deaf = ""
        self.escapes_file.touch()
        self.escapes_file.chmod(0o622)  # a program may have become another user

    def start(self) -> None:
        """Prepare what the command will see; listening is not allowed to everybody."""
        if sys.platform != "linux":
            return
        self._deaf = self._wait(self._trap.start()).result()
        hosts, switch = self._folder / "hosts", self._folder / "nsswitch.conf"
        hosts.write_text(hosts_text(_text("/etc/hosts"), self._address), "utf-8", "surrogateescape")
        view = View(str(hosts))
        if Path("/etc/nsswitch.conf").exists():
            switch.write_text(switch_text(_text("/etc/nsswitch.conf")), encoding="utf-8")
            view = View(str(hosts), str(switch))
        for path in (hosts, switch):
            if path.exists():
                path.chmod(0o644)
        self.view = view

    def stop(self) -> list[Escape]:
        """Listen no more; gives all attempts, the same ones of one process together."""
        self._wait(self._trap.stop()).result()
        return together([*read_escapes(self.escapes_file), *self._trap.escapes])

    def told(self, ended: Ended) -> dict[str, str]:
        """What was guarded in which way, and what was not, for people."""
        if not ended.names:
            why = f" ({ended.why})" if ended.why else ""
            other = f"not guarded: no private hosts file on this system{why}"
        elif self._deaf:
            other = (
                f"fal's names lead nowhere ({ended.names}), but attempts are not seen: {self._deaf}"
            )
        else:
            other = f"fal's names lead to a guard ({ended.names}); addresses do not"
        return {"Python": HOOKS, "Node": HOOKS, "other programs": other}


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
