"""``fakefal env``: prints variables that redirect the programs of a shell to a running server."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import click

from fakefal.ca.authority import Authority, write_atomically
from fakefal.ca.bundle import write_bundle
from fakefal.cli.certificates import write_certificates
from fakefal.cli.shells import SHELLS
from fakefal.cli.terminal import Terminal
from fakefal.errors import FakefalError
from fakefal.guard import hooks
from fakefal.guard.environment import EnvChanges, RedirectConfig, apply_changes, redirect_changes
from fakefal.settings import data_folder

SAVED_VARIABLES = "FAKEFAL_KEPT"
"""The variable with the previous values, as JSON, for ``--unset``."""

_WITHOUT_UNSET = ("dotenv", "json")
"""Formats that are not evaluated by a shell and need no ``--unset``."""

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SECONDS = 2.0
_MAX_BYTES = 100_000


@click.command()
@click.option(
    "--url", default="http://127.0.0.1:8787", show_default=True, help="Where the fake listens."
)
@click.option(
    "--shell",
    type=click.Choice(list(SHELLS)),
    default="powershell" if sys.platform == "win32" else "bash",
    show_default=True,
    help="Output syntax. Use bash for zsh and sh, github for $GITHUB_ENV.",
)
@click.option("--key", metavar="KEY", help="Set FAL_KEY to this key.")
@click.option("--unset", is_flag=True, help="Print what restores the previous values.")
@click.pass_obj
def env(terminal: Terminal, url: str, shell: str, key: str | None, unset: bool) -> None:
    """Print variables that redirect every fal client of a shell to a running server.

    In bash: eval "$(fakefal env)", and to undo it: eval "$(fakefal env --unset)". The server may be
    started before or after. If it uses another CA than the local one, its CA is downloaded.
    """
    current = dict(os.environ)  # noqa: TID251 (the shell's, to be changed)
    changes = (
        _restoring_changes(current) if unset else _redirect_changes(url.rstrip("/"), key, current)
    )
    if shell in _WITHOUT_UNSET:
        changes.pop(SAVED_VARIABLES, None)
    terminal.write_line(SHELLS[shell](changes))


def _redirect_changes(url: str, key: str | None, current: Mapping[str, str]) -> EnvChanges:
    """The variables to set, and SAVED_VARIABLES with their previous values."""
    restoring = _restoring_changes(current)
    # Undo an earlier call first, so that its variables are not saved as the previous values.
    current = apply_changes(current, restoring)
    ca = _find_ca(url)
    bundle, added = write_certificates(ca.parent / "env", ca, write_bundle(ca), current)
    redirect_config = RedirectConfig(url, bundle, added, node_preload=hooks.PRELOAD, key=key)
    changes = redirect_changes(redirect_config, current)
    previous_values = {name: current.get(name) for name in changes}
    return {**{name: value for name, value in restoring.items() if value is None}, **changes} | {
        SAVED_VARIABLES: json.dumps(previous_values)
    }


def _restoring_changes(current: Mapping[str, str]) -> EnvChanges:
    """The changes that undo an earlier call; empty if there was none."""
    if SAVED_VARIABLES not in current:
        return {}
    try:
        previous_values = json.loads(current[SAVED_VARIABLES])
        return {
            **{str(name): value for name, value in previous_values.items()},
            SAVED_VARIABLES: None,
        }
    except (ValueError, AttributeError):
        raise FakefalError(
            f"{SAVED_VARIABLES} was not written by fakefal env — open a new shell"
        ) from None


def _find_ca(url: str) -> Path:
    """The CA file of the server at ``url`` if one is running, else the local CA's.

    Raises FakefalError if the file cannot be written.
    """
    local_ca = Authority(data_folder())
    try:
        with _OPENER.open(f"{url}/_fakefal/ca.pem", timeout=_SECONDS) as response:
            pem = response.read(_MAX_BYTES)
    except (OSError, ValueError):
        return local_ca.path
    if not pem.startswith(b"-----BEGIN CERTIFICATE") or pem.strip() == local_ca.pem.strip():
        return local_ca.path
    host_and_port = url.partition("://")[2]
    name = "".join(letter if letter.isalnum() else "-" for letter in host_and_port)
    path = local_ca.path.with_name("of") / name / "ca.pem"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, pem)
    except OSError as error:
        raise FakefalError(f"cannot write {path}: {error.strerror or error}") from None
    return path
