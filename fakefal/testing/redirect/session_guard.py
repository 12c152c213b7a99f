"""Refuses connections to the real fal in every test of a session, with or without a fake."""

from __future__ import annotations

import os
import socket
import sysconfig
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from fakefal.protocol.core.hosts import canonical_host, is_fal_host
from fakefal.recorder.capture.bypass import is_redirect_bypassed
from fakefal.testing.redirect.escapes import EscapeLog
from fakefal.testing.redirect.import_hooks import ImportHooks
from fakefal.testing.redirect.network_patch import SocketRedirector, normalize_host
from fakefal.testing.redirect.worker_processes import guard_children

Severity = Literal["error", "warn"]

_FAKEFAL = str(Path(__file__).parents[2])
_STANDARD_LIBRARY = tuple(
    str(Path(path)) for path in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
)
_MAX_FRAMES = 8
_MAX_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class GuardedAttempt:
    """A connection to the real fal: the host, and the caller's own lines, outermost first."""

    host: str
    stack: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((self.host, *(f"  from {line}" for line in self.stack)))


class SessionGuard(SocketRedirector):
    """Patches sockets, lookups and TLS of this process so that no host of fal is reached.

    ``refuse`` makes the exception of an attempt; with the severity ``warn`` the connection goes
    through. While a fake redirects this process, its own patches decide.
    """

    def __init__(
        self, severity: Severity, refuse: Callable[[GuardedAttempt], BaseException]
    ) -> None:
        super().__init__("", 0, EscapeLog())
        self.attempts: list[GuardedAttempt] = []
        self._severity = severity
        self._refuse = refuse

    def open(self, patches: ExitStack) -> None:
        """Patch the standard library, and uvloop once it is imported, until the stack is closed."""
        self._patch(patches)
        if self._severity == "error":
            guard_children(patches)

        def open_uvloop(module: ModuleType) -> None:
            self.open_uvloop(module, patches)

        hooks = ImportHooks({"uvloop": open_uvloop})
        patches.callback(hooks.close)
        hooks.open()

    def leads_to_fake(self, name: Any) -> bool:
        """False; raises what ``refuse`` returns for a host of fal if no fake serves it now."""
        host = normalize_host(name)
        is_fal = canonical_host(host) is not None or is_fal_host(host)
        if not is_fal or SocketRedirector.open_count or is_redirect_bypassed():
            return False
        attempt = GuardedAttempt(host, _caller_lines())
        if len(self.attempts) < _MAX_ATTEMPTS and not any(
            host == other.host for other in self.attempts
        ):
            self.attempts.append(attempt)
        if self._severity == "error":
            raise self._refuse(attempt)
        return False

    def pop_attempts(self) -> list[GuardedAttempt]:
        """Return the attempts, one for each host, and forget them."""
        attempts, self.attempts = self.attempts, []
        return attempts

    def _redirect_address(self, sock: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and address:
            self.leads_to_fake(address[0])
        return address

    def _patched_write(self, real: Any) -> Any:
        """Connections were checked when they were opened."""
        return real


def _caller_lines() -> tuple[str, ...]:
    """The frames of the user's own code: ``test_x.py:12 in test_x: fal_client.run(…)``."""
    frames = traceback.extract_stack()
    own = [frame for frame in frames if _is_users(frame.filename)] or frames[-4:-2]
    return tuple(
        f"{_relative(frame.filename)}:{frame.lineno} in {frame.name}: {frame.line}"
        for frame in own[-_MAX_FRAMES:]
    )


def _is_users(file: str) -> bool:
    is_library = "site-packages" in file or "dist-packages" in file
    return not is_library and not file.startswith(("<", _FAKEFAL, *_STANDARD_LIBRARY))


def _relative(file: str) -> str:
    relative = os.path.relpath(file)
    return file if relative.startswith("..") else relative
