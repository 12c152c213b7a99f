"""Formats changes of environment variables for a shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable

from fakefal.guard.environment import EnvChanges

Statements = Callable[[EnvChanges], str]


def _bash(changes: EnvChanges) -> str:
    return _join_lines(
        f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}"
        for name, value in changes.items()
    )


def _fish(changes: EnvChanges) -> str:
    return _join_lines(
        f"set -e {name}" if value is None else f"set -gx {name} {_fish_quoted(value)}"
        for name, value in changes.items()
    )


def _fish_quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _powershell(changes: EnvChanges) -> str:
    return _join_lines(
        f"Remove-Item Env:{name} -ErrorAction SilentlyContinue"
        if value is None
        else f"$env:{name} = '{_powershell_doubled(value)}'"
        for name, value in changes.items()
    )


def _powershell_doubled(value: str) -> str:
    """Double the single quotes; PowerShell treats typographic ones alike.

    https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
    """
    for quote in "'\u2018\u2019\u201a\u201b":
        value = value.replace(quote, quote * 2)
    return value


def _github(changes: EnvChanges) -> str:
    """Lines for the file ``$GITHUB_ENV``. It cannot unset a variable, so that one becomes empty."""
    return _join_lines(
        _github_block(name, value or "") if "\n" in (value or "") else f"{name}={value or ''}"
        for name, value in changes.items()
    )


def _github_block(name: str, value: str) -> str:
    delimiter = "FAKEFAL_END"
    while delimiter in value:
        delimiter += "_"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}"


def _dotenv(changes: EnvChanges) -> str:
    return _join_lines(f"{name}={_dotenv_quoted(value or '')}" for name, value in changes.items())


def _dotenv_quoted(value: str) -> str:
    """Single quotes, or double ones with escapes if the value contains ``'`` or a line break."""
    if "'" not in value and "\n" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    escaped = escaped.replace("\n", "\\n")
    return f'"{escaped}"'


def _json(changes: EnvChanges) -> str:
    return json.dumps(changes, indent=2, ensure_ascii=False)


def _join_lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


SHELLS: dict[str, Statements] = {
    "bash": _bash,
    "fish": _fish,
    "powershell": _powershell,
    "github": _github,
    "dotenv": _dotenv,
    "json": _json,
}
"""Formatters by shell; ``bash`` is for zsh and sh too."""
