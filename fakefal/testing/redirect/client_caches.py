"""What the module-level clients of ``fal_client`` keep: a key, connections, a storage token."""

from __future__ import annotations

import sys
from types import ModuleType

_CACHED_ATTRIBUTES = ("_auth", "_client", "_token_manager", "_cdn_client")
"""What the clients cache after their first use: the key, connections, and a storage token."""


def reset_clients() -> None:
    """Clear what ``fal_client``'s module-level clients have cached, if it is imported."""
    module = sys.modules.get("fal_client")
    if module is not None:
        clear_caches(module)


def clear_caches(module: ModuleType) -> None:
    """Drop the cached key, connections and tokens of the module-level clients."""
    for name in ("sync_client", "async_client"):
        cache = getattr(getattr(module, name, None), "__dict__", {})
        for attribute in _CACHED_ATTRIBUTES:
            value = cache.pop(attribute, None)
            if name == "sync_client" and attribute == "_client" and value is not None:
                value.close()
