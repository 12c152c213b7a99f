"""Builders of exchanges, scenarios, calls, engines and tenants for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fakefal.engine.engine import Engine
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.call import Call, Json, Via
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.core.headers import Credential
from fakefal.scenario.files.loader import load_data
from fakefal.settings import Settings

ANY_LLM = "fal-ai/any-llm"


def scenario(*exchanges: dict[str, Any], seed: int | None = None, **options: Any) -> dict[str, Any]:
    """A scenario in the form of a parsed file."""
    data: dict[str, Any] = {"fakefal": 1, "exchanges": list(exchanges), "options": options}
    return data if seed is None else {**data, "seed": seed}


def exchange(reply: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """An exchange that matches every call unless ``fields`` has a ``when``."""
    return {"reply": reply or {"text": "Ship it."}, **fields}


def timeline(*steps: Any, **reply: Any) -> dict[str, Any]:
    """An exchange that matches every call, with this timeline."""
    return exchange({"text": "Ship it.", **reply, "timeline": list(steps)})


def make_call(
    endpoint: str = ANY_LLM, via: Via = "queue", input_: Json = None, **options: Any
) -> Call:
    """A call; the default input is a prompt."""
    parsed = parse_endpoint(endpoint)
    assert parsed is not None
    return Call(parsed, via, {"prompt": "hi"} if input_ is None else input_, **options)


def make_engine(
    exchanges: Sequence[dict[str, Any]] = (),
    *,
    options: dict[str, Any] | None = None,
    **settings: Any,
) -> Engine:
    """An engine on a manual clock; unmatched calls fail if there are exchanges."""
    settings.setdefault("clock", "manual")
    scenarios = [load_data(scenario(*exchanges, **(options or {})))] if exchanges or options else []
    return Engine(Settings(**settings), scenarios)


def tenant_of(engine: Engine, key: str = "id:secret") -> Tenant:
    """The tenant of a key."""
    return engine.tenant_for(Credential("key", key))


def make_tenant(*exchanges: dict[str, Any], **settings: Any) -> Tenant:
    """The tenant of one key in a new engine."""
    return tenant_of(make_engine(exchanges, **settings))
