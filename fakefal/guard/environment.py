"""The environment variables that redirect a program's fal clients to the fake."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fakefal.protocol.core.hosts import CANONICAL_HOSTS

EnvChanges = dict[str, str | None]
"""New values by name; None removes the variable."""

DEFAULT_KEY = "fakefal:run"
"""The key of programs that have none; the fal SDK only accepts keys with a colon."""

NO_PROXY_HOSTS = ("127.0.0.1", "localhost")
"""Hosts that bypass the proxy: webhook receivers, other local servers, the fake itself.

Without ``::1``, because older versions of httpx raise an error for it in NO_PROXY.
"""

CA_BUNDLE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Files that replace the trusted roots of clients that read the variable.

Source: client (docs/reference/clients.md#proxy-and-ca-variables).
"""

EXTRA_CA_VARIABLES = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")
"""Files that add to the trusted roots of clients that read the variable."""

KEY_VARIABLES = ("FAL_KEY", "FAL_API_KEY", "FAL_AI_API_KEY")
"""fal's clients, the AI SDK, litellm. Source: client (docs/reference/clients.md#key-variables)."""

HOST_VARIABLES = (
    "FAL_HOST",
    "FAL_RUN_HOST",
    "FAL_QUEUE_RUN_HOST",
    "FAL_WS_RUN_HOST",
    "FAL_REST_HOST",
    "FAL_CDN_HOST",
    "FAL_CDN_V3_HOST",
    "FAL_GRPC_HOST",
    "FAL_AI_API_BASE",
    "FAL_AI_QUEUE_API_BASE",
)
"""Variables that make a client use another host than the fake, so they are removed.

Source: client (docs/reference/clients.md#host-variables).
"""


@dataclass(frozen=True, slots=True)
class RedirectConfig:
    """What the variables point at.

    ``url`` is the fake's plain port, which is an HTTP proxy too. ``bundle`` is a file with the
    local CA and all other roots, ``extra_certs`` one with the CA and what the caller's environment
    already added. ``node_preload`` is a script for ``--require``, ``python_hooks`` a folder for
    PYTHONPATH; both append blocked connections to ``escapes_file``. ``key`` replaces all keys.
    ``is_proxy_for_all`` sends plain HTTP through the proxy as well, so that the fake can block it.
    """

    url: str
    bundle: Path
    extra_certs: Path
    node_preload: Path | None = None
    python_hooks: Path | None = None
    escapes_file: Path | None = None
    key: str | None = None
    is_proxy_for_all: bool = False


def redirect_changes(config: RedirectConfig, current: Mapping[str, str]) -> EnvChanges:
    """The changes that redirect programs with the environment ``current``.

    Keeps the caller's keys, Node options and NO_PROXY hosts that are not fal's.
    """
    changes: EnvChanges = {"FAKEFAL_URL": config.url}
    changes.update(_proxy_changes(config, current))
    changes.update(dict.fromkeys(CA_BUNDLE_VARIABLES, str(config.bundle)))
    changes.update(dict.fromkeys(EXTRA_CA_VARIABLES, str(config.extra_certs)))
    changes.update({name: None for name in HOST_VARIABLES if name in current})
    changes.update(_key_changes(config, current))
    if config.is_proxy_for_all:
        changes["NODE_USE_ENV_PROXY"] = "1"  # makes Node 22.21 and newer read proxy variables
    if config.node_preload is not None:
        changes["NODE_OPTIONS"] = _node_options(
            current.get("NODE_OPTIONS", ""), config.node_preload
        )
    if config.python_hooks is not None:
        changes["PYTHONPATH"] = _prepend(str(config.python_hooks), current.get("PYTHONPATH", ""))
    if config.escapes_file is not None:
        changes["FAKEFAL_ESCAPES"] = str(config.escapes_file)
    return changes


def apply_changes(current: Mapping[str, str], changes: EnvChanges) -> dict[str, str]:
    """A copy of ``current`` with the changes."""
    unchanged = {name: value for name, value in current.items() if name not in changes}
    return {**unchanged, **{name: value for name, value in changes.items() if value is not None}}


def trusted_files(
    current: Mapping[str, str], names: Iterable[str] = CA_BUNDLE_VARIABLES
) -> list[Path]:
    """The certificate files that the variables name, each once."""
    return list(dict.fromkeys(Path(current[name]) for name in names if current.get(name)))


def _proxy_changes(config: RedirectConfig, current: Mapping[str, str]) -> EnvChanges:
    """Both spellings: curl reads only the lower-case ones, some programs only the others."""
    names = ["https_proxy"]
    if config.is_proxy_for_all:
        names += ["http_proxy", "all_proxy"]
    for name in ("wss_proxy", "socks_proxy"):  # websockets prefers these to https_proxy
        if current.get(name) or current.get(name.upper()):
            names.append(name)
    changes: EnvChanges = {}
    for name in names:
        changes[name] = changes[name.upper()] = config.url
    if "socks_proxy" in changes:
        changes["socks_proxy"] = changes["SOCKS_PROXY"] = None
    no_proxy = _without_fal_hosts(current.get("no_proxy") or current.get("NO_PROXY") or "")
    changes["no_proxy"] = changes["NO_PROXY"] = no_proxy
    return changes


def _without_fal_hosts(hosts: str) -> str:
    """A NO_PROXY list without hosts of fal, and with loopback."""
    entries = [entry for entry in re.split(r"[\s,]+", hosts) if entry and not _covers_fal(entry)]
    return ",".join(dict.fromkeys((*entries, *NO_PROXY_HOSTS)))


def _covers_fal(entry: str) -> bool:
    """Whether a NO_PROXY entry matches a host of fal, so that it would bypass the proxy."""
    bare = entry.rpartition(":")[0] if re.search(r":\d+$", entry) else entry
    bare = bare.lower().lstrip("*.")
    return not bare or any(host == bare or host.endswith(f".{bare}") for host in CANONICAL_HOSTS)


def _key_changes(config: RedirectConfig, current: Mapping[str, str]) -> EnvChanges:
    if config.key is not None:
        return dict.fromkeys(KEY_VARIABLES, config.key)
    if current.get("FAL_KEY_ID") and current.get("FAL_KEY_SECRET"):
        key = f"{current['FAL_KEY_ID']}:{current['FAL_KEY_SECRET']}"
    else:
        key = next((current[name] for name in KEY_VARIABLES if current.get(name)), DEFAULT_KEY)
    return {name: key for name in KEY_VARIABLES if not current.get(name)}


def _node_options(current: str, preload: Path) -> str:
    """NODE_OPTIONS with ``--require``, as Node before 18.18 fails at ``--import``."""
    path = preload.as_posix()
    if re.search(r'[\s"\\]', path):
        escaped = path.replace("\\", "\\\\").replace('"', '\\"')
        path = f'"{escaped}"'
    option = f"--require={path}"
    return current if option in current else f"{current} {option}".strip()


def _prepend(folder: str, path: str) -> str:
    others = [part for part in path.split(os.pathsep) if part != folder] if path else []
    return os.pathsep.join((folder, *others))
