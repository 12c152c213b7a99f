"""Redirects the programs that a test starts, by their environment variables."""

from __future__ import annotations

import multiprocessing.util
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from unittest import mock

from fakefal.errors import FakefalError
from fakefal.guard import hooks
from fakefal.guard.environment import RedirectConfig, apply_changes, redirect_changes
from fakefal.guard.escapes import merge_repeats, read_escapes
from fakefal.protocol.core.hosts import is_fal_host
from fakefal.server.thread import ThreadedServer
from fakefal.testing.redirect.environ import current_environment, set_variable

_ENV_ARGUMENT = 10
"""The position of ``env`` among the arguments of ``subprocess.Popen``."""

_IS_REDIRECTED: ContextVar[bool] = ContextVar("fakefal_is_redirected", default=False)
"""Set while a program is started with its environment redirected: with nested fakes, the newest
one's patch runs first, and those below must not replace its variables."""


@contextmanager
def _mark_redirected() -> Iterator[None]:
    token = _IS_REDIRECTED.set(True)
    try:
        yield
    finally:
        _IS_REDIRECTED.reset(token)


class SubprocessRedirector:
    """Adds proxy, CA and guard variables to the environment of programs this process starts.

    The environment of this process itself does not change.
    """

    def __init__(self, server: ThreadedServer) -> None:
        self._server = server
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._hidden: list[tempfile.TemporaryDirectory[str]] = []

    def open(self, patches: ExitStack) -> None:
        """Patch the functions through which Python starts programs."""
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

        util = multiprocessing.util
        system = self._with_environment(os.system)
        spawn = self._with_environment(util.spawnv_passfds)
        patches.enter_context(mock.patch.object(subprocess.Popen, "__init__", patched_init))
        patches.enter_context(mock.patch.object(os, "system", system))
        patches.enter_context(mock.patch.object(util, "spawnv_passfds", spawn))
        patches.callback(self._remove_folder)

    def open_uvloop(self, module: Any, patches: ExitStack) -> None:
        """Patch uvloop, which starts programs in C."""
        for name in ("subprocess_exec", "subprocess_shell"):
            patched = self._patched_loop_start(getattr(module.Loop, name))
            patches.enter_context(mock.patch.object(module.Loop, name, patched))

    def environment(self, env: Mapping[Any, Any] | None = None) -> dict[str, str]:
        """``env``, or the environment of this process, with what redirects a program."""
        variables = current_environment() if env is None else _decode(env)
        variables = {**variables, **_without_own_hosts(variables)}
        return apply_changes(variables, redirect_changes(self._redirect_config(), variables))

    def pop_escapes(self) -> str:
        """A report of what guarded programs were blocked from since the last call, or ""."""
        if self._folder is None:
            return ""
        path = Path(self._folder.name) / "escapes.jsonl"
        try:
            escapes = merge_repeats(read_escapes(path))
            path.write_bytes(b"")
        except OSError:  # the folder was in a file system that the test has made up (pyfakefs)
            return ""
        if not escapes:
            return ""
        lines = ["connections of the test's child processes to the real fal blocked:"]
        for escape in escapes:
            lines += [f"  {escape}", *(f"    {frame}" for frame in escape.stack)]
        return "\n".join(lines)

    def _redirect_config(self) -> RedirectConfig:
        server = self._server.server
        folder = self._open_folder()
        bundle, extra_certs = folder / "bundle.pem", folder / "added.pem"
        if not bundle.exists():
            try:
                extra_certs.write_bytes(server.ca_path.read_bytes())
                bundle.write_bytes(server.bundle_path.read_bytes())
            except (FakefalError, OSError):
                # No CA can be made here: TLS to the fake fails, and escapes stay blocked.
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

    def _open_folder(self) -> Path:
        """The folder of the variables' files; a new one where pyfakefs hides the old one."""
        if self._folder is not None and not os.path.isdir(self._folder.name):
            self._hidden.append(self._folder)
            self._folder = None
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(
                prefix="fakefal-", ignore_cleanup_errors=True
            )
            Path(self._folder.name, "escapes.jsonl").touch()
            if multiprocessing.parent_process() is not None:  # which ends without this cleanup
                multiprocessing.util.Finalize(None, self._remove_folder, exitpriority=1)
        return Path(self._folder.name)

    def _with_environment(self, real: Any) -> Any:
        """For functions whose programs inherit ``os.environ``: set the variables meanwhile."""

        def run(*args: Any, **kwargs: Any) -> Any:
            if _IS_REDIRECTED.get():
                return real(*args, **kwargs)
            with ExitStack() as variables, _mark_redirected():
                for name, value in self.environment().items():
                    set_variable(variables, name, value)
                return real(*args, **kwargs)

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
        hidden, self._hidden = self._hidden, []
        for it in (*hidden, *([] if folder is None else [folder])):
            it.cleanup()


def _decode(env: Mapping[Any, Any]) -> dict[str, str]:
    """An environment as str; ``subprocess`` takes bytes and paths too."""
    return {os.fsdecode(name): os.fsdecode(value) for name, value in env.items()}


def _without_own_hosts(env: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY without fal's hosts: this process bypasses proxies, its programs use the fake's."""
    changes = {}
    for name in ("NO_PROXY", "no_proxy"):
        if name in env:
            hosts = [host for host in env[name].split(",") if host and not is_fal_host(host)]
            changes[name] = ",".join(hosts)
    return changes
