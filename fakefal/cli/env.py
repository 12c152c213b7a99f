"""``fakefal env``: what points the programs of a shell at a fake that runs already."""

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
"""The variable that says what was there before, as JSON, for ``--unset``."""

_WITHOUT_UNSET = ("dotenv", "json")
"""Forms that no shell keeps, so nothing is undone in them."""

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
    help="Whose words; bash is for zsh and sh as well, github for $GITHUB_ENV.",
)
@click.option("--key", metavar="KEY", help="The key that programs find, in place of their own.")
@click.option("--unset", is_flag=True, help="Undo it: print what brings back what was before.")
@click.pass_obj
def env(terminal: Terminal, url: str, shell: str, key: str | None, unset: bool) -> None:
    """Print the variables that point every fal client of a shell at a running fake.

    In bash: eval "$(fakefal env)", and to end it: eval "$(fakefal env --unset)". The fake may be
    started before or after. If it runs with another CA than this machine's, that one is taken.
    """
    current = dict(os.environ)  # noqa: TID251 (the shell's, to be changed)
    changes = (
        _restoring_changes(current) if unset else _redirect_changes(url.rstrip("/"), key, current)
    )
    if shell in _WITHOUT_UNSET:
        changes.pop(SAVED_VARIABLES, None)
    terminal.write_line(SHELLS[shell](changes))


def _redirect_changes(url: str, key: str | None, current: Mapping[str, str]) -> EnvChanges:
    """What is to be set, and what was there before."""
    restoring = _restoring_changes(current)
    current = apply_changes(
        current, restoring
    )  # a second call starts from what was before the first
    ca = _find_ca(url)
    bundle, added = write_certificates(ca.parent / "env", ca, write_bundle(ca), current)
    redirect_config = RedirectConfig(url, bundle, added, node_preload=hooks.PRELOAD, key=key)
    changes = redirect_changes(redirect_config, current)
    previous_values = {name: current.get(name) for name in changes}
    return {**{name: value for name, value in restoring.items() if value is None}, **changes} | {
        SAVED_VARIABLES: json.dumps(previous_values)
    }


def _restoring_changes(current: Mapping[str, str]) -> EnvChanges:
    """What brings back what was before; nothing if nothing was changed."""
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
            f"{SAVED_VARIABLES} is not what fakefal env has written — open a new shell"
        ) from None


def _find_ca(url: str) -> Path:
    """The CA of the fake there, else of this machine; raises FakefalError."""
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
