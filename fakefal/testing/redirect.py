"""Points fal's Python clients of this process at the fake, and nothing else."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import pytest

_CACHED = ("_auth", "_client", "_token_manager", "_cdn_client")
"""What clients keep after their first use: the key, connections, and a storage token."""


def redirect(patch: pytest.MonkeyPatch, url: str, key: str) -> None:
    """Send ``fal_client`` (0.5 to 1.x, sync and async) and ``fal.apps`` to the fake at ``url``.

    Undone with the patch. ``FAL_KEY`` is set, so that clients made in the test find a key; those
    of the module forget the one they had. No proxy stands between them and the fake. Source: client
    (fal_client 0.5.9 to 1.0.3 client.py, fal 1.83.0 apps.py: names of their URL constants).
    """
    patch.setenv("FAL_KEY", key)
    for name in ("NO_PROXY", "no_proxy"):
        patch.setenv(name, "127.0.0.1", prepend=",")
    module = _fal_client()
    if module is not None:
        forget(module)
        websocket = url.replace("http", "ws", 1)
        _set(
            patch,
            sys.modules["fal_client.client"],
            RUN_URL_FORMAT=f"{url}/fal.run/",
            QUEUE_URL_FORMAT=f"{url}/queue.fal.run/",
            REALTIME_URL_FORMAT=f"{websocket}/fal.run/",
            REST_URL=f"{url}/rest.fal.ai",
            CDN_URL=f"{url}/v3.fal.media",
            FAL_CDN_FALLBACK_URL=f"{url}/fal.media",
        )
    apps = sys.modules.get("fal.apps")
    if apps is not None:
        websocket = url.replace("http", "ws", 1)
        _set(
            patch,
            apps,
            _STREAM_URL_FORMAT=f"{url}/fal.run/{{app_id}}",
            _QUEUE_URL_FORMAT=f"{url}/queue.fal.run/{{app_id}}",
            _REALTIME_URL_FORMAT=f"{websocket}/fal.run/{{app_id}}",
            _WS_URL_FORMAT=f"{websocket}/ws.fal.run/{{app_id}}",
        )


def restore() -> None:
    """Make the module's own clients forget the fake's key and connections."""
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


def _fal_client() -> ModuleType | None:
    """The module, if it can be imported; if not, the code under test will say why."""
    try:
        importlib.import_module("fal_client.client")
    except ImportError:
        return None
    return sys.modules["fal_client"]


def _set(patch: pytest.MonkeyPatch, module: ModuleType, **values: str) -> None:
    """Set those constants that this version of the module has."""
    for name, value in values.items():
        if hasattr(module, name):
            patch.setattr(module, name, value)
