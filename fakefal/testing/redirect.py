"""Points what this process says to fal at the fake, for as long as a test needs it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Literal

from fakefal.server.thread import ThreadedFakeFal
from fakefal.testing.escapes import Escapes
from fakefal.testing.imports import Imports
from fakefal.testing.passage import Passage, no_proxy_for
from fakefal.testing.patches import Patches, variable

Urls = Literal["local", "fal"]
"""How answers name the fake to ``fal_client`` and ``fal.apps``: by its own address, or as fal."""

_CACHED = ("_auth", "_client", "_token_manager", "_cdn_client")
"""What clients keep after their first use: the key, connections, and a storage token."""


class Redirection:
    """Sends this process to one fake, while at least one user is inside.

    ``fal_client`` (0.5 to 1.x, sync and async, whenever it was imported and its clients made) and
    ``fal.apps`` get the URLs of the fake; whatever else asks a fal host reaches it by that host's
    own name; what would reach the real fal is refused and noted in ``escapes``. Source: client
    (fal_client 0.5.9 to 1.0.3 client.py, fal 1.83.0 apps.py: names of their URL constants).
    """

    def __init__(self, server: ThreadedFakeFal) -> None:
        self._server = server
        self._users = 0
        self._patches = Patches()
        self.escapes = Escapes()
        self._urls: Urls = "local"

    @property
    def is_open(self) -> bool:
        """Whether somebody is inside."""
        return self._users > 0

    def enter(self, urls: Urls = "local") -> None:
        """One more user; the first one has everything redirected."""
        self._users += 1
        if self._users == 1:
            self._urls = urls
            self._open()

    def leave(self) -> None:
        """One user less; the last one has everything put back."""
        self._users -= 1
        if self._users == 0:
            self._patches.undo()

    def _open(self) -> None:
        patches = self._patches
        fake = self._server.fake
        passage = Passage(fake.host, fake.port, self.escapes)
        for name in ("NO_PROXY", "no_proxy"):
            before = variable(name)
            patches.variable(name, f"{no_proxy_for()},{before}" if before else no_proxy_for())
        passage.open(patches)
        imports = Imports(
            {
                "fal_client.client": self._point_fal_client,
                "fal.apps": self._point_fal_apps,
                "uvloop": lambda module: passage.open_uvloop(module, patches),
            }
        )
        patches.later(restore)
        patches.later(imports.close)
        restore()
        imports.open()

    def _point_fal_client(self, module: ModuleType) -> None:
        if self._urls == "local":
            url = self._server.fake.url
            self._set(
                module,
                RUN_URL_FORMAT=f"{url}/fal.run/",
                QUEUE_URL_FORMAT=f"{url}/queue.fal.run/",
                REALTIME_URL_FORMAT=f"{url.replace('http', 'ws', 1)}/fal.run/",
                REST_URL=f"{url}/rest.fal.ai",
                CDN_URL=f"{url}/v3.fal.media",
                FAL_CDN_FALLBACK_URL=f"{url}/fal.media",
            )

    def _point_fal_apps(self, module: ModuleType) -> None:
        if self._urls == "local":
            url = self._server.fake.url
            websocket = url.replace("http", "ws", 1)
            self._set(
                module,
                _STREAM_URL_FORMAT=f"{url}/fal.run/{{app_id}}",
                _QUEUE_URL_FORMAT=f"{url}/queue.fal.run/{{app_id}}",
                _REALTIME_URL_FORMAT=f"{websocket}/fal.run/{{app_id}}",
                _WS_URL_FORMAT=f"{websocket}/ws.fal.run/{{app_id}}",
            )

    def _set(self, module: ModuleType, **values: str) -> None:
        """Set those constants that this version of the module has."""
        for name, value in values.items():
            if hasattr(module, name):
                self._patches.attribute(module, name, value)


def restore() -> None:
    """Make the module's own clients forget the key, the connections and the tokens they have."""
    module = sys.modules.get("fal_client")
    if module is not None:
        forget(module)


def forget(module: ModuleType) -> None:
    """Empty the caches of ``fal_client``'s module-level clients."""
    for name in ("sync_client", "async_client"):
        cache = getattr(getattr(module, name, None), "__dict__", {})
        for cached in _CACHED:
            value = cache.pop(cached, None)
            if name == "sync_client" and cached == "_client" and value is not None:
                value.close()
