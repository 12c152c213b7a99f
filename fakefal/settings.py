"""Settings and limits of a server."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from fakefal.protocol.core.compat_flags import CompatFlags, Unmatched


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on memory, disk and connections. The oldest finished items are dropped first.

    Nothing unfinished is dropped: a new request, key, upload or webhook is refused with a 429.

    Per tenant: ``jobs``, ``journal_entries``, ``input_bytes`` (of large inputs in the
    journal), ``request_ids``, ``deliveries`` (of webhooks),
    ``sockets``, ``added_exchanges``, ``files``, and ``file_bytes`` for all its stored files.

    Per request: ``body_bytes`` of a call, ``upload_bytes`` of an upload or part, ``control_bytes``
    of a request to the control API, ``scenario_bytes`` of a scenario sent to it.

    Per server: ``tenants``, ``upload_memory_bytes`` and ``upload_disk_bytes`` (in the temporary
    folder) of all uploads, ``tunnels`` through the proxy to other hosts than fal's.
    ``idle_timeout_seconds`` closes connections on which no data of a request arrives; it is nginx's
    default for ``keepalive_timeout``.
    """

    body_bytes: int = 100_000_000
    control_bytes: int = 20_000_000
    scenario_bytes: int = 4_000_000
    upload_bytes: int = 1_000_000_000
    files: int = 10_000
    file_bytes: int = 2_000_000_000
    upload_memory_bytes: int = 64_000_000
    upload_disk_bytes: int = 8_000_000_000
    jobs: int = 60_000
    journal_entries: int = 6_000
    input_bytes: int = 64_000_000
    request_ids: int = 10_000
    deliveries: int = 60_000
    tenants: int = 10_000
    sockets: int = 1_000
    added_exchanges: int = 10_000
    tunnels: int = 2_000
    idle_timeout_seconds: float = 75.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a server. The ``options`` of a scenario override them.

    - ``clock``: ``real``, ``instant`` or ``manual``.
    - ``speed``: a factor for the real clock; 2 is twice as fast.
    - ``unmatched``: None is ``fail`` with a scenario, else ``generate``.
    - ``keys``: the valid API keys; every key is valid if it is empty.
    - ``keep_alive``: False closes each connection after its response, so that clients which are
      never closed leave no socket open.
    - ``webhook_allow``: hosts that receive webhooks, besides loopback and private addresses.
    - ``token``: required by the control API. None is a random one if the server listens beyond
      loopback, else no token.
    - ``control_hosts``: further host names at which the control API is served.
    - ``home``: the folder of the local CA; None is ``data_folder()``.
    - ``replica``: the name of this server among those behind one load balancer; request ids differ
      between replicas.
    - ``offline``: whether the proxy blocks other hosts than fal's.
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
    replica: str = ""
    offline: bool = False
    flags: CompatFlags = field(default_factory=CompatFlags)
    limits: Limits = field(default_factory=Limits)


def data_folder() -> Path:
    """The folder of persistent files: ``$FAKEFAL_HOME``, else one in the user's data directory."""
    folder = os.environ.get("FAKEFAL_HOME")
    if folder:
        return Path(folder).expanduser()
    from platformdirs import user_data_path  # imported late: most runs need no folder

    return user_data_path("fakefal", appauthor=False)
