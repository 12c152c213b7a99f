"""Redirects the fal calls of this process and its children to a fake, for the time of a test."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Literal
from unittest import mock

from fakefal.server.thread import ThreadedServer
from fakefal.testing.redirect.client_caches import reset_clients
from fakefal.testing.redirect.environ import read_variable, set_variable
from fakefal.testing.redirect.escapes import EscapeLog
from fakefal.testing.redirect.import_hooks import ImportHooks
from fakefal.testing.redirect.lazy_certificates import open_lazy_certificates
from fakefal.testing.redirect.network_patch import Addresses, SocketRedirector, no_proxy_hosts
from fakefal.testing.redirect.subprocesses import SubprocessRedirector
from fakefal.testing.redirect.worker_processes import ChildState, fake_state, lead_children

if TYPE_CHECKING:
    import pytest

Urls = Literal["local", "fal"]
"""URLs in responses to ``fal_client`` and ``fal.apps``: the fake's own address, or fal's hosts."""


class Redirection:
    """Redirects this process to one fake while at least one user has acquired it.

    ``fal_client`` (0.5 to 1.x, sync and async, imported and instantiated at any time) and
    ``fal.apps`` get the fake's URLs. Other clients connect to fal's host names, which resolve to
    the fake. Connections that would reach the real fal are blocked, and ``pop_escapes`` reports
    them. Source: client (docs/reference/clients.md#python-in-process).
    """

    def __init__(self, server: ThreadedServer) -> None:
        self._server = server
        self._users = 0
        self._patches = ExitStack()
        self._subprocesses = SubprocessRedirector(server)
        self._escape_log = EscapeLog()
        self._urls: Urls = "local"
        self._addresses: Addresses = "loopback"
        self.redirector: SocketRedirector | None = None

    @property
    def is_open(self) -> bool:
        """Whether this process is redirected now."""
        return self._users > 0

    def acquire(self, urls: Urls = "local", addresses: Addresses = "loopback") -> None:
        """Count a user; the first one starts the redirection.

        ``addresses`` is what fal's names resolve to: loopback, or a public address, for code that
        refuses to connect to others. Either leads to the fake.
        """
        self._users += 1
        if self._users == 1:
            self._urls = urls
            self._addresses = addresses
            self._open()

    def release(self) -> None:
        """Release a user; the last one undoes all patches."""
        self._users -= 1
        if self._users == 0:
            self._patches.close()

    def pop_escapes(self) -> str:
        """A report of the connections blocked since the last call; empty if there are none."""
        reports = (self._escape_log.pop_report(), self._subprocesses.pop_escapes())
        return "\n".join(filter(None, reports))

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """Environment variables that point a program at the fake."""
        return self._subprocesses.environment(env)

    def _open(self) -> None:
        patches = self._patches
        server = self._server.server
        redirector = self.redirector = SocketRedirector(
            server.host, server.port, self._escape_log, self._addresses
        )
        for name in ("NO_PROXY", "no_proxy"):
            previous = read_variable(name)
            hosts = f"{no_proxy_hosts()},{previous}" if previous else no_proxy_hosts()
            set_variable(patches, name, hosts)
        redirector.open(patches)
        open_lazy_certificates(patches)
        self._subprocesses.open(patches)
        lead_children(patches, self._child_state)
        import_hooks = ImportHooks(
            {
                **dict.fromkeys(_URL_CONSTANTS, self._patch_constants),
                "uvloop": lambda module: self._patch_uvloop(module, redirector),
            }
        )
        patches.callback(reset_clients)
        patches.callback(import_hooks.close)
        reset_clients()
        import_hooks.open()

    def _child_state(self) -> ChildState:
        server = self._server.server
        return fake_state(self.environment(), (server.host, server.port))

    def _patch_uvloop(self, module: ModuleType, redirector: SocketRedirector) -> None:
        redirector.open_uvloop(module, self._patches)
        self._subprocesses.open_uvloop(module, self._patches)

    def _patch_constants(self, module: ModuleType) -> None:
        if self._urls == "local":
            for name, value in _local_urls(module, self._server.server.url).items():
                self._patches.enter_context(mock.patch.object(module, name, value))


def redirect(patch: pytest.MonkeyPatch, url: str, key: str) -> None:
    """Redirect ``fal_client`` and ``fal.apps`` to the fake at ``url``, and nothing else.

    Sets ``FAL_KEY``, adds loopback to ``NO_PROXY``, and clears what the module-level clients have
    cached. ``patch`` undoes it.
    """
    patch.setenv("FAL_KEY", key)
    for name in ("NO_PROXY", "no_proxy"):
        patch.setenv(name, "127.0.0.1", prepend=",")
    with suppress(ImportError):  # then there is no constant to patch
        importlib.import_module("fal_client.client")
    reset_clients()
    for name in _URL_CONSTANTS:
        module = sys.modules.get(name)
        for constant, value in _local_urls(module, url).items() if module is not None else ():
            patch.setattr(module, constant, value)


_URL_CONSTANTS = {
    "fal_client.client": {
        "RUN_URL_FORMAT": "{http}/fal.run/",
        "QUEUE_URL_FORMAT": "{http}/queue.fal.run/",
        "REALTIME_URL_FORMAT": "{ws}/fal.run/",
        "REST_URL": "{http}/rest.fal.ai",
        "CDN_URL": "{http}/v3.fal.media",
        "FAL_CDN_FALLBACK_URL": "{http}/fal.media",
    },
    "fal.apps": {
        "_STREAM_URL_FORMAT": "{http}/fal.run/{{app_id}}",
        "_QUEUE_URL_FORMAT": "{http}/queue.fal.run/{{app_id}}",
        "_REALTIME_URL_FORMAT": "{ws}/fal.run/{{app_id}}",
        "_WS_URL_FORMAT": "{ws}/ws.fal.run/{{app_id}}",
    },
}
"""The clients' URL constants. Source: client (fal_client 0.5.9 to 1.0.3 client.py, fal 1.83.0
apps.py; docs/reference/clients.md#python-in-process)."""


def _local_urls(module: ModuleType, url: str) -> dict[str, str]:
    """The constants that this version of the module has, with URLs of a fake."""
    websocket = url.replace("http", "ws", 1)
    return {
        name: template.format(http=url, ws=websocket)
        for name, template in _URL_CONSTANTS[module.__name__].items()
        if hasattr(module, name)
    }
