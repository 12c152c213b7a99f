"""``fakefal env``: what points the programs of a shell at a fake that runs already."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import click

from fakefal.ca.authority import Authority, write_whole
from fakefal.ca.bundle import write_bundle
from fakefal.cli.certificates import certificates_for
from fakefal.cli.shells import SHELLS
from fakefal.cli.terminal import Terminal
from fakefal.errors import FakefalError
from fakefal.guard import hooks
from fakefal.guard.environment import Changes, Reach, changed, redirecting
from fakefal.settings import data_folder

KEPT = "FAKEFAL_KEPT"
"""The variable that says what was there before, as JSON, for ``--unset``."""

_READ_ONCE = ("dotenv", "json")
"""Forms that no shell keeps, so nothing is undone in them."""

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SECONDS = 2.0
_MOST_BYTES = 100_000


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
    changes = _former(current) if unset else _changes(url.rstrip("/"), key, current)
    if shell in _READ_ONCE:
        changes.pop(KEPT, None)
    terminal.say(SHELLS[shell](changes))


def _changes(url: str, key: str | None, current: Mapping[str, str]) -> Changes:
    """What is to be set, and what was there before."""
    former = _former(current)
    current = changed(current, former)  # a second call starts from what was before the first
    ca = _certificate(url)
    bundle, added = certificates_for(ca.parent / "env", ca, write_bundle(ca), current)
    reach = Reach(url, bundle, added, preload=hooks.PRELOAD, key=key)
    changes = redirecting(reach, current)
    before = {name: current.get(name) for name in changes}
    return {**{name: value for name, value in former.items() if value is None}, **changes} | {
        KEPT: json.dumps(before)
    }


def _former(current: Mapping[str, str]) -> Changes:
    """What brings back what was before; nothing if nothing was changed."""
    if KEPT not in current:
        return {}
    try:
        kept = json.loads(current[KEPT])
        return {**{str(name): value for name, value in kept.items()}, KEPT: None}
    except (ValueError, AttributeError):
        raise FakefalError(
            f"{KEPT} is not what fakefal env has written — open a new shell"
        ) from None


def _certificate(url: str) -> Path:
    """The CA of the fake there, else of this machine; raises FakefalError."""
    own = Authority(data_folder())
    try:
        with _OPENER.open(f"{url}/_fakefal/ca.pem", timeout=_SECONDS) as answer:
            found = answer.read(_MOST_BYTES)
    except (OSError, ValueError):
        return own.path
    if not found.startswith(b"-----BEGIN CERTIFICATE") or found.strip() == own.pem.strip():
        return own.path
    place = url.partition("://")[2]
    name = "".join(letter if letter.isalnum() else "-" for letter in place)
    path = own.path.with_name("of") / name / "ca.pem"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, found)
    except OSError as error:
        raise FakefalError(f"cannot write {path}: {error.strerror or error}") from None
    return path
