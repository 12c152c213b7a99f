"""What is told about the server as a whole."""

from __future__ import annotations

import platform
from typing import Any

from fakefal.control.requests import EVERYONE, NOBODY, Asked, Told, refused
from fakefal.engine.tenant import Tenant

_FORMAT = 1
_PEM = "application/x-pem-file"
_SHOWN = 4


def health(_: Asked) -> dict[str, str]:
    """It answers, so it is alive."""
    return {"status": "ok"}


def ready(asked: Asked) -> dict[str, Any]:
    """Whether all its ports listen; raises the 503 of one that is starting or stopping."""
    if not asked.house.is_ready():
        raise refused(503, "not all ports listen yet, or no longer", ("Retry-After", "1"))
    engine = asked.engine
    return {
        "status": "ready",
        "version": asked.house.version,
        "scenarios": len(engine.scenarios),
        "exchanges": len(engine.base.entries),
    }


def version(asked: Asked) -> dict[str, Any]:
    """Which fakefal this is, and which scenario files it reads."""
    found = asked.house.version
    return {"version": found, "format": _FORMAT, "python": platform.python_version()}


def certificate(asked: Asked) -> Told:
    """The certificate of the local CA; it is no secret, and its key is told to nobody."""
    named = ("Content-Disposition", 'inline; filename="ca.pem"')
    return Told(asked.house.certificate(), _PEM, (named,))


def tenants(asked: Asked) -> list[dict[str, Any]]:
    """The tenants, the one used last at the end; keys are shown in part."""
    found = [_told(it, it.files.mark, _part_of(it.key)) for it in asked.engine.tenants]
    strangers = asked.engine.strangers
    return found if strangers is None else [_told(strangers, NOBODY, ""), *found]


def _told(tenant: Tenant, name: str, key: str) -> dict[str, Any]:
    assert name != EVERYONE
    tally = tenant.journal.tally()
    return {
        "tenant": name,
        "key": key,
        "calls": sum(count for (kind, _, _), count in tally.items() if kind == "call"),
        "misses": tenant.journal.missed,
        "jobs": len(tenant.queue.jobs),
        "own_exchanges": len(tenant.own.entries),
        "clock": tenant.clock.kind,
    }


def _part_of(key: str) -> str:
    """As much of a key as tells it from others: its id, or its first letters."""
    id_, colon, _ = key.partition(":")
    return f"{id_}:…" if colon else f"{key[:_SHOWN]}…"
