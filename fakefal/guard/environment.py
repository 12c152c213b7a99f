"""What a program must find in its environment so that its fal clients talk to the fake."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fakefal.protocol.core.hosts import CANONICAL_HOSTS

EnvChanges = dict[str, str | None]
"""Variables by name; None takes one away."""

DEFAULT_KEY = "fakefal:run"
"""The key of programs that have none; with a colon, which the fal SDK wants."""

NO_PROXY_HOSTS = ("127.0.0.1", "localhost")
"""Never through the proxy: receivers of webhooks, stand-ins, the fake itself.

``::1`` is not here: older httpx refuses to start when it meets it in NO_PROXY.
"""

CA_BUNDLE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Each replaces the roots of who obeys it. Source: client (clients.md section 3a)."""

EXTRA_CA_VARIABLES = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")
"""Each adds to the roots of who obeys it."""

KEY_VARIABLES = ("FAL_KEY", "FAL_API_KEY", "FAL_AI_API_KEY")
"""fal's clients, the AI SDK, litellm. Source: client (clients.md section 4)."""

HOST_VARIABLES = (
    "FAL_HOST",
    "FAL_RUN_HOST",
    "FAL_QUEUE_RUN_HOST",
    "FAL_WS_RUN_HOST",
    "FAL_REST_HOST",
    "FAL_CDN_HOST",
    "FAL_AI_API_BASE",
)
"""Each leads a client past the fake, so they are taken away. Source: client (clients.md 3c)."""


@dataclass(frozen=True, slots=True)
class RedirectConfig:
    """How a fake is reached, and what its callers are given.

    ``url`` is its plain port, which is an HTTP proxy too. ``bundle`` is a file of the local CA and
    of all other roots, ``added`` one of what is trusted beside the roots: the CA, and what the
    caller's environment added already. ``preload`` is the script that Node requires first,
    ``python`` a folder for PYTHONPATH, ``escapes`` the file that both write attempts to reach the
    real fal to. ``everything`` sends plain http through the proxy as well, so that the fake can
    refuse it.
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
    """The changes to an environment after which its programs talk to the fake.

    What is there already and does no harm is kept: keys, Node options, hosts without a proxy.
    """
    changes: EnvChanges = {"FAKEFAL_URL": config.url}
    changes.update(_proxy_changes(config, current))
    changes.update(dict.fromkeys(CA_BUNDLE_VARIABLES, str(config.bundle)))
    changes.update(dict.fromkeys(EXTRA_CA_VARIABLES, str(config.extra_certs)))
    changes.update({name: None for name in HOST_VARIABLES if name in current})
    changes.update(_key_changes(config, current))
    if config.is_proxy_for_all:
        changes["NODE_USE_ENV_PROXY"] = "1"  # Node from 22.21 on takes its proxy variables then
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
    """An environment after its changes."""
    unchanged = {name: value for name, value in current.items() if name not in changes}
    return {**unchanged, **{name: value for name, value in changes.items() if value is not None}}


def trusted_files(
    current: Mapping[str, str], names: Iterable[str] = CA_BUNDLE_VARIABLES
) -> list[Path]:
    """The files of certificates that an environment names, each once."""
    return list(dict.fromkeys(Path(current[name]) for name in names if current.get(name)))


def _proxy_changes(config: RedirectConfig, current: Mapping[str, str]) -> EnvChanges:
    """Both spellings: curl reads the small ones alone, some programs the capital ones alone."""
    names = ["https_proxy"]
    if config.is_proxy_for_all:
        names += ["http_proxy", "all_proxy"]
    # websockets asks these before https_proxy
    names += [
        name
        for name in ("wss_proxy", "socks_proxy")
        if current.get(name) or current.get(_upper(name))
    ]
    changes: EnvChanges = {}
    for name in names:
        changes[name] = changes[_upper(name)] = config.url
    if "socks_proxy" in changes:
        changes["socks_proxy"] = changes["SOCKS_PROXY"] = None
    no_proxy = _without_fal_hosts(current.get("no_proxy") or current.get("NO_PROXY") or "")
    changes["no_proxy"] = changes["NO_PROXY"] = no_proxy
    return changes


def _upper(name: str) -> str:
    return name.upper()


def _without_fal_hosts(hosts: str) -> str:
    """A list of hosts without a proxy: loopback is in it, and no host of fal's."""
    entries = [entry for entry in re.split(r"[\s,]+", hosts) if entry and not _covers_fal(entry)]
    return ",".join(dict.fromkeys((*entries, *NO_PROXY_HOSTS)))


def _covers_fal(entry: str) -> bool:
    """Whether an entry of NO_PROXY keeps a host of fal's from the proxy."""
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
    """Node's options with a script required: ``--import`` would break those before 18.18."""
    path = preload.as_posix()
    if re.search(r'[\s"\\]', path):
        escaped = path.replace("\\", "\\\\").replace('"', '\\"')
        path = f'"{escaped}"'
    option = f"--require={path}"
    return current if option in current else f"{current} {option}".strip()


def _prepend(folder: str, path: str) -> str:
    others = [part for part in path.split(os.pathsep) if part != folder] if path else []
    return os.pathsep.join((folder, *others))
