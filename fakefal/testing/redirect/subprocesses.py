"""Programs that a test starts: their environment leads them to the fake."""

from __future__ import annotations

import multiprocessing.util
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from fakefal.errors import FakefalError
from fakefal.guard import hooks
from fakefal.guard.environment import Reach, changed, redirecting
from fakefal.guard.escapes import read_escapes, together
from fakefal.protocol.core.hosts import is_fals
from fakefal.server.thread import ThreadedFakeFal
from fakefal.testing.redirect.patches import Patches, environment

_ENV = 10
"""Which argument of ``subprocess.Popen`` the environment is."""


_LED: ContextVar[bool] = ContextVar("fakefal_led", default=False)
"""Whether a program is being started that knows its way: another fake, begun later, has it."""


@contextmanager
def _led() -> Iterator[None]:
    token = _LED.set(True)
    try:
        yield
    finally:
        _LED.reset(token)


class Children:
    """Gives the programs that this process starts an environment that leads them to the fake.

    Whatever they are written in: a proxy, the certificates of the local CA, a preload for Node, a
    guard for Python. The environment of this process is not changed by it.
    """

    def __init__(self, server: ThreadedFakeFal) -> None:
        self._server = server
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def open(self, patches: Patches) -> None:
        """Begin; whatever starts programs in Python goes through one of these."""
        start = subprocess.Popen.__init__

        def started(child: Any, *args: Any, **more: Any) -> None:
            if _LED.get():
                return start(child, *args, **more)
            if len(args) > _ENV:
                args = (*args[:_ENV], self.environment(args[_ENV]), *args[_ENV + 1 :])
            else:
                more["env"] = self.environment(more.get("env"))
            with _led():
                return start(child, *args, **more)

        patches.attribute(subprocess.Popen, "__init__", started)
        patches.attribute(os, "system", self._inheriting(os.system))
        spawn = multiprocessing.util.spawnv_passfds
        patches.attribute(multiprocessing.util, "spawnv_passfds", self._inheriting(spawn))
        patches.later(self._forget)

    def open_uvloop(self, module: Any, patches: Patches) -> None:
        """uvloop starts programs by itself."""
        for name in ("subprocess_exec", "subprocess_shell"):
            patches.attribute(module.Loop, name, self._looped(getattr(module.Loop, name)))

    def environment(self, env: Mapping[Any, Any] | None = None) -> dict[str, str]:
        """An environment, that of this process or another, with what leads to the fake."""
        given = environment() if env is None else _texts(env)
        given = {**given, **_without_ours(given)}
        return changed(given, redirecting(self._reach(), given))

    def told(self) -> str:
        """What programs tried that would have reached the real fal; empty if nothing."""
        if self._folder is None:
            return ""
        path = Path(self._folder.name) / "escapes.jsonl"
        found = together(read_escapes(path))
        path.write_bytes(b"")
        if not found:
            return ""
        lines = ["programs of the test tried to reach the real fal, and were refused:"]
        for escape in found:
            lines += [f"  {escape}", *(f"    {frame}" for frame in escape.stack)]
        return "\n".join(lines)

    def _reach(self) -> Reach:
        fake = self._server.fake
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="fakefal-")
            Path(self._folder.name, "escapes.jsonl").touch()
        folder = Path(self._folder.name)
        bundle, added = folder / "bundle.pem", folder / "added.pem"
        if not bundle.exists():
            try:
                added.write_bytes(fake.ca_path.read_bytes())
                bundle.write_bytes(fake.bundle_path.read_bytes())
            except (FakefalError, OSError):  # then there is no TLS, but no way to the real fal too
                bundle.touch()
                added.touch()
        return Reach(
            fake.proxy_url,
            bundle,
            added,
            preload=hooks.PRELOAD,
            python=hooks.PYTHON,
            escapes=folder / "escapes.jsonl",
        )

    def _inheriting(self, real: Any) -> Any:
        """For what gives its own environment to programs, which is changed meanwhile."""

        def run(*args: Any, **more: Any) -> Any:
            if _LED.get():
                return real(*args, **more)
            patches = Patches()
            for name, value in self.environment().items():
                patches.variable(name, value)
            try:
                with _led():
                    return real(*args, **more)
            finally:
                patches.undo()

        return run

    def _looped(self, real: Any) -> Any:
        async def start(loop: Any, *args: Any, **more: Any) -> Any:
            if _LED.get():
                return await real(loop, *args, **more)
            more["env"] = self.environment(more.get("env"))
            with _led():
                return await real(loop, *args, **more)

        return start

    def _forget(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()


def _texts(env: Mapping[Any, Any]) -> dict[str, str]:
    """An environment of texts; one of bytes or paths may be given as well."""
    return {os.fsdecode(name): os.fsdecode(value) for name, value in env.items()}


def _without_ours(env: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY without what this process needs and its programs must not have."""
    found = {}
    for name in ("NO_PROXY", "no_proxy"):
        if name in env:
            kept = [it for it in env[name].split(",") if it and not is_fals(it)]
            found[name] = ",".join(kept)
    return found
