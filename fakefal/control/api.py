"""``/_fakefal/…``: a table from route to a method of the controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fakefal.engine.controls import Controls
from fakefal.engine.engine import Engine
from fakefal.errors import SettingError
from fakefal.protocol.errors import WireError
from fakefal.protocol.headers import read_credential
from fakefal.protocol.texts import decode


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the table; ``run`` gets the controls of the caller's key and the JSON body."""

    method: str
    path: str
    run: Callable[[Controls, Any], Any]
    summary: str


def _advance(controls: Controls, body: Any) -> Any:
    by = body.get("by") if isinstance(body, dict) else body
    if by is None or isinstance(by, (bool, list, dict)):
        raise SettingError('the clock advances by a duration — send {"by": "90s"}')
    return controls.advance(by)


def _reset(controls: Controls, _: Any) -> Any:
    controls.reset()
    return {"reset": True}


COMMANDS: tuple[Command, ...] = (
    Command("GET", "/clock", lambda c, _: c.clock(), "the clock of this key"),
    Command("POST", "/clock/advance", _advance, 'move the clock: {"by": "90s"}'),
    Command("GET", "/journal", lambda c, _: c.journal(), "all that happened"),
    Command("GET", "/misses", lambda c, _: c.misses(), "calls that met no exchange"),
    Command("GET", "/jobs", lambda c, _: c.jobs(), "queue requests and where they are"),
    Command("GET", "/files", lambda c, _: [it.body() for it in c.files()], "uploads and outputs"),
    Command("POST", "/reset", _reset, "forget jobs, journal and counters"),
)
"""Every command; the ``Authorization`` header says whose tenant is meant."""


def answer(
    engine: Engine, method: str, path: str, authorization: str | None, body: bytes
) -> tuple[int, Any]:
    """Status and JSON of a control request; raises WireError for what cannot be answered."""
    path = path.rstrip("/") or "/"
    if path in ("/", "/health"):
        return 200, {"status": "ok"}
    fitting = [command for command in COMMANDS if command.path == path]
    if not fitting:
        known = ", ".join(sorted({f"/_fakefal{command.path}" for command in COMMANDS}))
        raise WireError(404, {"detail": f"no such control route — known: {known}"})
    command = next((found for found in fitting if found.method == method), None)
    if command is None:
        raise WireError(405, {"detail": f"use {fitting[0].method} for /_fakefal{path}"})
    credential = read_credential(authorization)
    if credential is None:
        detail = "send the key whose tenant is meant: Authorization: Key …"
        raise WireError(401, {"detail": detail})
    try:
        given = decode(body) if body else None
    except ValueError as error:
        raise WireError(400, {"detail": f"the body is not JSON: {error}"}) from None
    try:
        return 200, command.run(Controls.of(engine, engine.tenant_for(credential)), given)
    except SettingError as error:
        raise WireError(400, {"detail": str(error)}) from None
