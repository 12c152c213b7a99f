"""``/_fakefal/…``: a table from route to a method of the controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fakefal.engine.controls import Controls
from fakefal.engine.engine import Engine
from fakefal.engine.tenant import Tenant
from fakefal.engine.webhook_controls import WebhookControls
from fakefal.errors import SettingError
from fakefal.protocol.errors import WireError
from fakefal.protocol.headers import read_credential
from fakefal.protocol.texts import decode

DROPPED = "x-fakefal-dropped"
"""The header of the journal that says how many entries it lacks; they were the oldest."""


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


def _redeliver(controls: Controls, body: Any) -> Any:
    request_id = body.get("request_id") if isinstance(body, dict) else None
    if request_id is not None and not isinstance(request_id, str):
        raise SettingError('a request id is text — send {"request_id": "…"}, or {} for all failed')
    return WebhookControls(controls.tenant).redeliver(request_id)


def _publish(controls: Controls, body: Any) -> Any:
    if not isinstance(body, dict) or not body.keys() <= {"jwks", "rotate"}:
        raise SettingError('send {"jwks": "down"}, {"jwks": {…}}, or {"rotate": true}')
    webhooks = WebhookControls(controls.tenant)
    if body.get("rotate"):
        webhooks.rotate()
    return webhooks.publish(body["jwks"]) if "jwks" in body else webhooks.jwks()


COMMANDS: tuple[Command, ...] = (
    Command("GET", "/clock", lambda c, _: c.clock(), "the clock of this key"),
    Command("POST", "/clock/advance", _advance, 'move the clock: {"by": "90s"}'),
    Command("GET", "/journal", lambda c, _: c.journal(), "all that happened"),
    Command("GET", "/misses", lambda c, _: c.misses(), "calls that met no exchange"),
    Command("GET", "/jobs", lambda c, _: c.jobs(), "queue requests and where they are"),
    Command("GET", "/webhooks", lambda c, _: WebhookControls(c.tenant).told(), "what was sent"),
    Command("POST", "/webhooks/redeliver", _redeliver, 'again: {"request_id": …}, {}: all failed'),
    Command("POST", "/jwks", _publish, 'the keys of webhooks: {"jwks": "down"}, {"rotate": true}'),
    Command("GET", "/files", lambda c, _: [it.body() for it in c.files()], "uploads and outputs"),
    Command("POST", "/reset", _reset, "forget jobs, journal and counters"),
)
"""Every command; the ``Authorization`` header says whose tenant is meant."""


def notes(engine: Engine, path: str, authorization: str | None) -> tuple[tuple[str, str], ...]:
    """Headers beside the answer: how many of its oldest entries a full journal has let go."""
    credential = read_credential(authorization)
    if path.rstrip("/") != "/journal" or credential is None:
        return ()
    return ((DROPPED, str(engine.tenant_for(credential).journal.dropped)),)


def _tenant_or_nobody(engine: Engine, authorization: str | None) -> Tenant:
    """Receivers have no key of fal's; with one, its tenant is meant."""
    credential = read_credential(authorization)
    return engine.nobody() if credential is None else engine.tenant_for(credential)


def answer(
    engine: Engine, method: str, path: str, authorization: str | None, body: bytes
) -> tuple[int, Any]:
    """Status and JSON of a control request; raises WireError for what cannot be answered."""
    path = path.rstrip("/") or "/"
    if path in ("/", "/health"):
        return 200, {"status": "ok"}
    if path == "/jwks.json":
        return 200, WebhookControls(_tenant_or_nobody(engine, authorization)).jwks()
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
