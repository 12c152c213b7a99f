"""Tenants with scripted accounts, apps and faults, and short forms of what callers see."""

from __future__ import annotations

from typing import Any

from fakefal.engine.engine import Engine
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.platform_options import PlatformOptions
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import FaultAbort, Operation
from fakefal.scenario.files.loader import load_data
from fakefal.settings import Limits, Settings
from tests.building import ANY_LLM, exchange, make_call, tenant_of


def make_tenant_in(*exchanges: dict[str, Any], clock: str = "manual", **parts: Any) -> Tenant:
    """The tenant of a scenario with these parts besides its exchanges."""
    return tenant_of(make_engine_in(*exchanges, clock=clock, **parts))


def make_engine_in(
    *exchanges: dict[str, Any], clock: str = "manual", limits: Limits | None = None, **parts: Any
) -> Engine:
    data = {"fakefal": 1, "exchanges": list(exchanges or (exchange(),)), **parts}
    return Engine(Settings(clock=clock, limits=limits or Limits()), [load_data(data)])


def submit(tenant: Tenant, endpoint: str = ANY_LLM, **options: Any) -> str:
    """Submit a call; returns the request id."""
    return tenant.submit(make_call(endpoint, platform_options=PlatformOptions(**options))).id


def fault_name(tenant: Tenant, operation: Operation, id_: str = "", app: str = ANY_LLM) -> str:
    """The name of the fault of a request; ``ok`` for none."""
    try:
        fault = tenant.check_fault(operation, app, id_)
    except FaultAbort as abort:
        fault = abort.fault
    return "ok" if fault is None else fault.name


def status_word(tenant: Tenant, id_: str, app: str = ANY_LLM) -> str:
    """A short form of a status poll: ``q3``, ``run``, ``done``, or the status of an error."""
    try:
        snapshot = tenant.status(app, id_, with_logs=False)
    except ApiError as error:
        return str(error.status)
    if snapshot.status == "IN_QUEUE":
        return f"q{snapshot.queue_position}"
    return "run" if snapshot.status == "IN_PROGRESS" else "done"


def status_words(tenant: Tenant, *ids: str, app: str = ANY_LLM) -> list[str]:
    return [status_word(tenant, id_, app) for id_ in ids]


def end_times(tenant: Tenant, *ids: str) -> list[float | None]:
    """When each job ended, in seconds since the first was submitted."""
    began = min(job.created_at for job in tenant.queue.jobs.values())
    now = tenant.clock.now()
    times: list[float | None] = []
    for id_ in ids:
        job = tenant.queue.jobs[id_]
        tenant.queue.advance_job(job, now)
        times.append(None if job.ended_at is None else round(job.ended_at - began, 6))
    return times


def lasting_exchange(seconds: float, **reply: Any) -> dict[str, Any]:
    """An exchange whose jobs run for this many seconds."""
    steps = ["IN_QUEUE", {"IN_PROGRESS": {"for": seconds}}]
    steps[0] = {"IN_QUEUE": {"for": 0}}
    return exchange({"text": "x", "timeline": steps, **reply})
