"""Caches of fal_client that a fake clears; test_redirect.py shows what would be kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from fakefal.testing.redirect.client_caches import clear_caches


def test_cached_keys_and_clients_are_dropped_and_others_kept() -> None:
    module: Any = SimpleNamespace(
        sync_client=SimpleNamespace(_auth="key", kept=1), async_client=SimpleNamespace(_client=2)
    )
    clear_caches(module)
    assert vars(module.sync_client) == {"kept": 1}
    assert vars(module.async_client) == {}
