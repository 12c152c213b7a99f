"""Keeps a command from the real fal, and collects its attempts to reach it.

Hooks guard Python and Node; a private hosts file guards other programs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from fakefal.ca.authority import Authority
from fakefal.cli.child import EtcOverrides, ExitInfo
from fakefal.guard.escape_listener import EscapeListener
from fakefal.guard.escapes import Escape, merge_repeats, read_escapes
from fakefal.guard.hosts_file import guard_address, hosts_text, nsswitch_text

RunInLoop = Callable[[Coroutine[Any, Any, Any]], Future[Any]]
"""Runs a coroutine in the server's event loop."""

HOOKS_COVERAGE = "by hooks: lookups and connections are blocked and reported"


class EscapeGuard:
    """The guard of one command; ``folder`` is for its files and belongs to this run.

    ``etc_overrides`` is for ``run_command``; None if there is no private hosts file.
    """

    def __init__(self, folder: Path, authority: Authority, run_in_loop: RunInLoop) -> None:
        self.escapes_file = folder / "escapes.jsonl"
        self.etc_overrides: EtcOverrides | None = None
        self._folder = folder
        self._run_in_loop = run_in_loop
        self._address = guard_address(os.getpid())
        self._listener = EscapeListener(authority, self._address)
        self._listen_error = ""
        self.escapes_file.touch()
        self.escapes_file.chmod(0o622)  # the command may run as another user

    def start(self) -> None:
        """On Linux, write the private hosts file and listen at the guard's address."""
        if sys.platform != "linux":
            return
        self._listen_error = self._run_in_loop(self._listener.start()).result()
        hosts, switch = self._folder / "hosts", self._folder / "nsswitch.conf"
        hosts.write_text(hosts_text(_text("/etc/hosts"), self._address), "utf-8", "surrogateescape")
        etc_overrides = EtcOverrides(str(hosts))
        if Path("/etc/nsswitch.conf").exists():
            switch.write_text(nsswitch_text(_text("/etc/nsswitch.conf")), encoding="utf-8")
            etc_overrides = EtcOverrides(str(hosts), str(switch))
        for path in (hosts, switch):
            if path.exists():
                path.chmod(0o644)
        self.etc_overrides = etc_overrides

    def stop(self) -> list[Escape]:
        """Stop listening; returns all attempts, with repeated ones of a process merged."""
        self._run_in_loop(self._listener.stop()).result()
        return merge_repeats([*read_escapes(self.escapes_file), *self._listener.escapes])

    def describe_coverage(self, exit_info: ExitInfo) -> dict[str, str]:
        """How each kind of program was guarded, as text."""
        if not exit_info.hosts_method:
            reason = f" ({exit_info.hosts_error})" if exit_info.hosts_error else ""
            other_coverage = f"not guarded: no private hosts file on this system{reason}"
        elif self._listen_error:
            other_coverage = (
                f"fal's names are blocked ({exit_info.hosts_method}), but attempts are not "
                f"reported: {self._listen_error}"
            )
        else:
            other_coverage = (
                f"fal's names are blocked and reported ({exit_info.hosts_method}); "
                "fal's addresses are not"
            )
        return {"Python": HOOKS_COVERAGE, "Node": HOOKS_COVERAGE, "other programs": other_coverage}


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
