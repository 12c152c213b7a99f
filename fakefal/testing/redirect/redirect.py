"""Points what this process says to fal at the fake, for as long as a test needs it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from fakefal.server.thread import ThreadedServer
from fakefal.testing.redirect.escapes import EscapeLog
from fakefal.testing.redirect.import_hooks import ImportHooks
from fakefal.testing.redirect.network_patch import SocketRedirector, no_proxy_hosts
from fakefal.testing.redirect.patches import Patches, variable
from fakefal.testing.redirect.subprocesses import SubprocessRedirector

if TYPE_CHECKING:
    import pytest

Urls = Literal["local", "fal"]
"""How answers name the fake to ``fal_client`` and ``fal.apps``: by its own address, or as fal."""

_CACHED_ATTRIBUTES = ("_auth", "_client", "_token_manager", "_cdn_client")
"""What clients keep after their first use: the key, connections, and a storage token."""


class Redirection:
    """Sends this process to one fake, while at least one user is inside.

    ``fal_client`` (0.5 to 1.x, sync and async, whenever it was imported and its clients made) and
    ``fal.apps`` get the URLs of the fake; whatever else asks a fal host reaches it by that host's
    own name; what would reach the real fal is refused, and ``escapes`` tells it. Source: client
    (fal_client 0.5.9 to 1.0.3 client.py, fal 1.83.0 apps.py: names of their URL constants).
    """

    def __init__(self, server: ThreadedServer) -> None:
        self._server = server
        self._users = 0
        self._patches = Patches()
        self._subprocesses = SubprocessRedirector(server)
        self._escape_log = EscapeLog()
        self._urls: Urls = "local"
        self.redirector: SocketRedirector | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody is inside."""
        return self._users > 0

    def acquire(self, urls: Urls = "local") -> None:
        """One more user; the first one has everything redirected."""
        self._users += 1
        if self._users == 1:
            self._urls = urls
            self._open()

    def release(self) -> None:
        """One user less; the last one has everything put back."""
        self._users -= 1
        if self._users == 0:
            self._patches.undo()

    def pop_escapes(self) -> str:
        """What was refused since this was asked last, for people; empty if nothing was."""
        return "\n".join(
            filter(None, (self._escape_log.pop_report(), self._subprocesses.pop_escapes()))
        )

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """An environment that leads a program to the fake, whatever starts it."""
        return self._subprocesses.environment(env)

    def _open(self) -> None:
        patches = self._patches
        server = self._server.server
        redirector = self.redirector = SocketRedirector(server.host, server.port, self._escape_log)
        for name in ("NO_PROXY", "no_proxy"):
            before = variable(name)
            patches.variable(name, f"{no_proxy_hosts()},{before}" if before else no_proxy_hosts())
        redirector.open(patches)
        self._subprocesses.open(patches)
        import_hooks = ImportHooks(
            {
                **dict.fromkeys(_URL_CONSTANTS, self._patch_constants),
                "uvloop": lambda module: self._patch_uvloop(module, redirector),
            }
        )
        patches.later(reset_clients)
        patches.later(import_hooks.close)
        reset_clients()
        import_hooks.open()

    def _patch_uvloop(self, module: ModuleType, redirector: SocketRedirector) -> None:
        redirector.open_uvloop(module, self._patches)
        self._subprocesses.open_uvloop(module, self._patches)

    def _patch_constants(self, module: ModuleType) -> None:
        if self._urls == "local":
            for name, value in _local_urls(module, self._server.server.url).items():
                self._patches.attribute(module, name, value)


def redirect(patch: pytest.MonkeyPatch, url: str, key: str) -> None:
    """Send ``fal_client`` and ``fal.apps`` to the fake at ``url``, and nothing else.

    Undone with the patch. ``FAL_KEY`` is set, so that clients made in the test find a key; those
    of the module forget the one they had. No proxy stands between them and the fake.
    """
    patch.setenv("FAL_KEY", key)
    for name in ("NO_PROXY", "no_proxy"):
        patch.setenv(name, "127.0.0.1", prepend=",")
    with suppress(ImportError):  # the code under test will say why
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
"""Where the clients keep their URLs. Source: client (fal_client 0.5.9 to 1.0.3 client.py, fal
1.83.0 apps.py)."""


def _local_urls(module: ModuleType, url: str) -> dict[str, str]:
    """The constants that this version of a module has, as they lead to a fake."""
    websocket = url.replace("http", "ws", 1)
    return {
        name: template.format(http=url, ws=websocket)
        for name, template in _URL_CONSTANTS[module.__name__].items()
        if hasattr(module, name)
    }


def reset_clients() -> None:
    """Make the module's own clients forget the key, the connections and the tokens they have."""
    module = sys.modules.get("fal_client")
    if module is not None:
        clear_caches(module)


def clear_caches(module: ModuleType) -> None:
    """Empty the caches of ``fal_client``'s module-level clients."""
    for name in ("sync_client", "async_client"):
        cache = getattr(getattr(module, name, None), "__dict__", {})
        for attribute in _CACHED_ATTRIBUTES:
            value = cache.pop(attribute, None)
            if name == "sync_client" and attribute == "_client" and value is not None:
                value.close()
