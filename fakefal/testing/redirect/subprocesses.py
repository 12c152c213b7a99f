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
from fakefal.guard.environment import RedirectConfig, apply_changes, redirect_changes
from fakefal.guard.escapes import merge_repeats, read_escapes
from fakefal.protocol.core.hosts import is_fal_host
from fakefal.server.thread import ThreadedServer
from fakefal.testing.redirect.patches import Patches, environment

_ENV_ARGUMENT = 10
"""Which argument of ``subprocess.Popen`` the environment is."""


_IS_REDIRECTED: ContextVar[bool] = ContextVar("fakefal_led", default=False)
"""Whether a program is being started that knows its way: another fake, begun later, has it."""


@contextmanager
def _mark_redirected() -> Iterator[None]:
    token = _IS_REDIRECTED.set(True)
    try:
        yield
    finally:
        _IS_REDIRECTED.reset(token)


class SubprocessRedirector:
    """Gives the programs that this process starts an environment that leads them to the fake.

    Whatever they are written in: a proxy, the certificates of the local CA, a preload for Node, a
    guard for Python. The environment of this process is not changed by it.
    """

    def __init__(self, server: ThreadedServer) -> None:
        self._server = server
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def open(self, patches: Patches) -> None:
        """Begin; whatever starts programs in Python goes through one of these."""
        start = subprocess.Popen.__init__

        def patched_init(child: Any, *args: Any, **kwargs: Any) -> None:
            if _IS_REDIRECTED.get():
                return start(child, *args, **kwargs)
            if len(args) > _ENV_ARGUMENT:
                args = (
                    *args[:_ENV_ARGUMENT],
                    self.environment(args[_ENV_ARGUMENT]),
                    *args[_ENV_ARGUMENT + 1 :],
                )
            else:
                kwargs["env"] = self.environment(kwargs.get("env"))
            with _mark_redirected():
                return start(child, *args, **kwargs)

        patches.attribute(subprocess.Popen, "__init__", patched_init)
        patches.attribute(os, "system", self._with_environment(os.system))
        spawn = multiprocessing.util.spawnv_passfds
        patches.attribute(multiprocessing.util, "spawnv_passfds", self._with_environment(spawn))
        patches.later(self._remove_folder)

    def open_uvloop(self, module: Any, patches: Patches) -> None:
        """uvloop starts programs by itself."""
        for name in ("subprocess_exec", "subprocess_shell"):
            patches.attribute(
                module.Loop, name, self._patched_loop_start(getattr(module.Loop, name))
            )

    def environment(self, env: Mapping[Any, Any] | None = None) -> dict[str, str]:
        """An environment, that of this process or another, with what leads to the fake."""
        variables = environment() if env is None else _decode(env)
        variables = {**variables, **_without_own_hosts(variables)}
        return apply_changes(variables, redirect_changes(self._redirect_config(), variables))

    def pop_escapes(self) -> str:
        """What programs tried that would have reached the real fal; empty if nothing."""
        if self._folder is None:
            return ""
        path = Path(self._folder.name) / "escapes.jsonl"
        escapes = merge_repeats(read_escapes(path))
        path.write_bytes(b"")
        if not escapes:
            return ""
        lines = ["programs of the test tried to reach the real fal, and were refused:"]
        for escape in escapes:
            lines += [f"  {escape}", *(f"    {frame}" for frame in escape.stack)]
        return "\n".join(lines)

    def _redirect_config(self) -> RedirectConfig:
        server = self._server.server
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="fakefal-")
            Path(self._folder.name, "escapes.jsonl").touch()
        folder = Path(self._folder.name)
        bundle, extra_certs = folder / "bundle.pem", folder / "added.pem"
        if not bundle.exists():
            try:
                extra_certs.write_bytes(server.ca_path.read_bytes())
                bundle.write_bytes(server.bundle_path.read_bytes())
            except (FakefalError, OSError):  # then there is no TLS, but no way to the real fal too
                bundle.touch()
                extra_certs.touch()
        return RedirectConfig(
            server.proxy_url,
            bundle,
            extra_certs,
            node_preload=hooks.PRELOAD,
            python_hooks=hooks.PYTHON,
            escapes_file=folder / "escapes.jsonl",
        )

    def _with_environment(self, real: Any) -> Any:
        """For what gives its own environment to programs, which is changed meanwhile."""

        def run(*args: Any, **kwargs: Any) -> Any:
            if _IS_REDIRECTED.get():
                return real(*args, **kwargs)
            patches = Patches()
            for name, value in self.environment().items():
                patches.variable(name, value)
            try:
                with _mark_redirected():
                    return real(*args, **kwargs)
            finally:
                patches.undo()

        return run

    def _patched_loop_start(self, real: Any) -> Any:
        async def start(loop: Any, *args: Any, **kwargs: Any) -> Any:
            if _IS_REDIRECTED.get():
                return await real(loop, *args, **kwargs)
            kwargs["env"] = self.environment(kwargs.get("env"))
            with _mark_redirected():
                return await real(loop, *args, **kwargs)

        return start

    def _remove_folder(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()


def _decode(env: Mapping[Any, Any]) -> dict[str, str]:
    """An environment of texts; one of bytes or paths may be given as well."""
    return {os.fsdecode(name): os.fsdecode(value) for name, value in env.items()}


def _without_own_hosts(env: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY without what this process needs and its programs must not have."""
    changes = {}
    for name in ("NO_PROXY", "no_proxy"):
        if name in env:
            hosts = [host for host in env[name].split(",") if host and not is_fal_host(host)]
            changes[name] = ",".join(hosts)
    return changes
