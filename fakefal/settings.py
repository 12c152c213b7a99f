"""What a server is told when it starts, and its bounds."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from fakefal.protocol.core.compat_flags import CompatFlags, Unmatched


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what the fake keeps and takes; the oldest finished goes first.

    Sizes are in bytes. ``jobs``, ``entries``, ``sockets``, ``own_exchanges``, ``identities`` and
    ``deliveries`` (of webhooks) are for each tenant, and so are ``files`` and ``file_bytes``, what
    its stored files come to. ``body_bytes`` is of a call, ``upload_bytes`` of one upload or part;
    of all uploads ``memory_bytes`` lie in memory, at most, and ``spool_bytes`` in the temporary
    folder. ``control_bytes`` is of what the control API takes. ``idle_seconds`` is how long a
    connection may be silent while a request, or the rest of one, is waited for (nginx's own
    default). ``tunnels`` are those through the proxy to other hosts than fal's, at a time.
    """

    body_bytes: int = 100_000_000
    control_bytes: int = 20_000_000
    upload_bytes: int = 1_000_000_000
    files: int = 1_000
    file_bytes: int = 2_000_000_000
    upload_memory_bytes: int = 64_000_000
    upload_disk_bytes: int = 8_000_000_000
    jobs: int = 2_000
    journal_entries: int = 6_000
    request_ids: int = 10_000
    deliveries: int = 6_000
    tenants: int = 1_000
    sockets: int = 1_000
    added_exchanges: int = 10_000
    tunnels: int = 2_000
    idle_timeout_seconds: float = 75.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server behaves; what a scenario's ``options`` name goes before it.

    ``clock`` is ``real``, ``instant`` or ``manual``; ``speed`` makes the real one faster (2 is
    twice as fast). ``unmatched`` None means: ``fail`` once a scenario is given, else ``generate``.
    ``keys`` are those that are good; empty takes every key. ``keep_alive`` False closes each
    connection after its answer, so that clients leave no socket behind. Webhooks go to loopback and
    private addresses, and to the hosts of ``webhook_allow``. ``home`` is where the local CA lies;
    None is ``data_folder()``. ``offline`` lets nobody out through the proxy to hosts other than
    fal's. ``token`` is what the control API demands; None is one of chance where not only loopback
    is listened on, else none. ``control_hosts`` are names under which that API answers, beside
    those listened on.
    """

    seed: int = 0
    clock: str = "real"
    speed: float = 1.0
    unmatched: Unmatched | None = None
    keys: frozenset[str] = frozenset()
    keep_alive: bool = True
    webhook_allow: frozenset[str] = frozenset()
    token: str | None = None
    control_hosts: frozenset[str] = frozenset()
    home: Path | None = None
    offline: bool = False
    flags: CompatFlags = field(default_factory=CompatFlags)
    limits: Limits = field(default_factory=Limits)


def data_folder() -> Path:
    """Where fakefal keeps what outlives a run: ``$FAKEFAL_HOME``, or the user's folder for data."""
    folder = os.environ.get("FAKEFAL_HOME")
    if folder:
        return Path(folder).expanduser()
    from platformdirs import user_data_path

    return user_data_path("fakefal", appauthor=False)
