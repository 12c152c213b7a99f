"""Faults by account, app, request, reply and chaos, and their order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fakefal.engine.calls.faults import READ_OPERATIONS, FaultInjector
from fakefal.engine.controls import Controls
from fakefal.engine.tenant import Tenant
from fakefal.protocol.errors.catalog import CATALOG
from fakefal.protocol.errors.fault import CALL_OPERATIONS, OPERATIONS, FaultAbort, Operation
from fakefal.scenario.builder import build_defaults
from fakefal.scenario.compiler.faults import compile_faults
from fakefal.scenario.model.faults import CallFaults
from tests.building import ANY_LLM, exchange, make_call, tenant_of
from tests.engine.tenants import fault_name, make_engine_in, make_tenant_in, status_word, submit

LOCKED = "exhausted-balance"
UPLOADS: tuple[Operation, ...] = ("upload", "token", "upload_put")
CALLS: tuple[Operation, ...] = ("submit", "run", "stream")
OF_JOBS: list[Operation] = ["cancel", "result", "status", "status_stream"]


def first_fault(tenant: Tenant, operation: Operation = "submit", endpoint: str = ANY_LLM) -> str:
    """The name of the fault of a new call; ``ok`` for none."""
    try:
        if operation == "submit":
            fault = tenant.submit(make_call(endpoint)).fault
        elif operation == "stream":
            fault = tenant.stream(make_call(endpoint, via="stream")).fault
        else:
            fault = asyncio.run(tenant.run(make_call(endpoint, via="run"))).fault
    except FaultAbort as abort:
        fault = abort.fault
    return "ok" if fault is None else fault.name


def code(tenant: Tenant, operation: Operation = "submit", endpoint: str = ANY_LLM) -> int:
    """The status with which a call is rejected; 200 if it is not."""
    try:
        tenant.submit(make_call(endpoint))
    except FaultAbort as abort:
        return abort.fault.journal_status
    return 200


def test_read_operations_are_those_on_jobs() -> None:
    assert set(OF_JOBS) == READ_OPERATIONS


# Accounts


def test_a_locked_account_rejects_calls_and_allows_reads() -> None:
    tenant = make_tenant_in(account={"state": LOCKED, "after": 1})
    id_ = submit(tenant)
    assert [first_fault(tenant, operation) for operation in CALLS] == [LOCKED] * 3
    assert [fault_name(tenant, operation, id_) for operation in OF_JOBS] == ["ok"] * 4
    assert [fault_name(tenant, operation) for operation in UPLOADS] == [LOCKED] * 3
    assert fault_name(tenant, "download") == "ok"
    assert status_word(tenant, id_) == "q0"


def test_reads_can_be_rejected_too() -> None:
    tenant = make_tenant_in(account={"state": LOCKED, "after": 1, "reads": "refused"})
    id_ = submit(tenant)
    assert [fault_name(tenant, operation, id_) for operation in OF_JOBS] == [LOCKED] * 4
    assert fault_name(tenant, "download") == "ok"


@pytest.mark.parametrize("after", [0, 1, 3])
def test_an_account_accepts_n_calls_before_it_is_locked(after: int) -> None:
    tenant = make_tenant_in(account={"state": LOCKED, "after": after})
    fault = [first_fault(tenant, operation) for operation in (*CALLS, CALLS[0])]
    assert fault == ["ok"] * after + [LOCKED] * (4 - after)


def test_a_call_rejected_for_another_reason_is_not_counted_as_accepted() -> None:
    tenant = make_tenant_in(
        exchange({"text": "x"}),
        account={"state": LOCKED, "after": 1},
        faults={"submit": ["reset", "500"]},
    )
    assert [first_fault(tenant) for _ in range(4)] == ["reset", "500", "ok", LOCKED]


def test_accounts_are_selected_by_key() -> None:
    engine = make_engine_in(accounts={"poor:*": LOCKED, "wrong:*": "bad-key"}, account="no-access")
    keys = {"poor:1": 403, "wrong:1": 401, "other:1": 401}
    assert {key: code(tenant_of(engine, key)) for key in keys} == keys


def test_an_account_can_be_unlocked() -> None:
    controls = Controls(make_engine_in(account=LOCKED), "id:secret")
    assert first_fault(controls.tenant) == LOCKED
    controls.update(build_defaults({"account": {}}))
    assert first_fault(controls.tenant) == "ok"


# Apps and hosts


def test_a_removed_app_rejects_calls_by_its_name() -> None:
    tenant = make_tenant_in(apps={"fal-ai/flux": "removed"})
    with pytest.raises(FaultAbort) as caught:
        submit(tenant, "fal-ai/flux/dev")
    rejection = caught.value.fault.outcome
    assert rejection is not None
    assert (rejection.status, rejection.body) == (404, {"detail": 'Application "flux" not found'})
    assert first_fault(tenant) == "ok"


def test_jobs_of_a_removed_app_can_still_be_read() -> None:
    controls = Controls(make_engine_in(), "id:secret")
    id_ = submit(controls.tenant)
    controls.update(build_defaults({"apps": {"*": "removed"}}))
    assert fault_name(controls.tenant, "status", id_) == "ok"
    assert first_fault(controls.tenant) == "unknown-app"


def test_a_host_that_is_down_resets_connections() -> None:
    tenant = make_tenant_in(hosts={"queue.fal.run": "down"})
    fault = tenant.faults.host_fault("queue.fal.run")
    assert fault is not None
    assert (fault.journal_status, fault.is_performed) == (0, False)
    assert tenant.faults.host_fault("fal.run") is None
    assert make_tenant_in().faults.host_fault("queue.fal.run") is None


def test_the_backup_domain_of_a_down_host_is_up() -> None:
    injector = make_tenant_in(hosts={"queue.fal.run": "down"}).faults
    assert injector.host_fault("Queue.fal.run.:443") is not None
    assert injector.host_fault("queue.falrun.com") is None
    injector = make_tenant_in(hosts={"queue.falrun.com": "down", "rest.fal.ai": "down"}).faults
    assert injector.host_fault("queue.falrun.com:443") is not None
    assert injector.host_fault("rest.alpha.fal.ai") is not None
    assert injector.host_fault("queue.fal.run") is None


# Precedence and counters


def test_the_account_overrides_the_app_and_both_override_faults() -> None:
    parts: dict[str, Any] = {"apps": {"*": "removed"}, "faults": {"submit": "reset"}}
    assert first_fault(make_tenant_in(account=LOCKED, **parts)) == LOCKED
    assert first_fault(make_tenant_in(**parts)) == "unknown-app"
    del parts["apps"]
    tenant = make_tenant_in(exchange({"text": "x", "faults": {"submit": "hang"}}), **parts)
    assert [first_fault(tenant) for _ in range(3)] == ["reset", "hang", "ok"]


@pytest.mark.parametrize("operation", sorted(CALL_OPERATIONS))
def test_faults_of_a_reply_are_used_in_order_and_count_as_no_use(operation: Operation) -> None:
    replies = [{"text": "a", "faults": {operation: ["500 x2", "ok", "503"]}}, {"text": "b"}]
    tenant = make_tenant_in({"replies": replies, "then": "miss"})
    seen = [first_fault(tenant, operation) for _ in range(4)]
    assert seen == ["500", "500", "ok", "ok"]


def test_a_performed_call_whose_response_is_lost_counts_as_use() -> None:
    tenant = make_tenant_in(
        exchange({"text": "x", "faults": {"submit": ["accepted-then-reset x2"]}}, times=2)
    )
    assert [first_fault(tenant) for _ in range(2)] == ["accepted-then-reset"] * 2
    assert len(tenant.queue.jobs) == 2


def test_each_reply_and_each_exchange_has_its_own_fault_counter() -> None:
    faulty = {"text": "x", "faults": {"submit": ["500"]}}
    tenant = make_tenant_in(
        {"when": {"endpoint": ANY_LLM}, "replies": [faulty, faulty], "then": "cycle"},
        exchange(faulty),
    )
    assert [first_fault(tenant) for _ in range(5)] == ["500", "ok", "500", "ok", "ok"]
    assert [first_fault(tenant, endpoint="fal-ai/flux") for _ in range(2)] == ["500", "ok"]


@pytest.mark.parametrize("operation", OF_JOBS)
def test_faults_of_reads_are_counted_for_each_job(operation: Operation) -> None:
    faults = {operation: ["500", "hang"]}
    tenant = make_tenant_in(exchange({"text": "x", "faults": faults}))
    one, other = submit(tenant), submit(tenant)
    assert [fault_name(tenant, operation, one) for _ in range(3)] == ["500", "hang", "ok"]
    assert [fault_name(tenant, operation, other) for _ in range(2)] == ["500", "hang"]
    assert fault_name(tenant, operation, "no-such-id") == "ok"
    assert fault_name(tenant, operation, other, app="fal-ai/flux") == "ok"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_faults_of_all_requests_are_counted_together(operation: Operation) -> None:
    tenant = make_tenant_in(faults={operation: ["reset", "503 x*"]})
    if operation in CALL_OPERATIONS:
        assert [first_fault(tenant, operation) for _ in range(4)] == ["reset", "503", "503", "503"]
    else:
        one, other = submit(tenant), submit(tenant)
        seen = [fault_name(tenant, operation, id_) for id_ in (one, other, "no-such-id", one)]
        assert seen == ["reset", "503", "503", "503"]


def test_a_rejected_read_changes_nothing() -> None:
    tenant = make_tenant_in(
        exchange({"text": "x", "faults": {operation: ["500"] for operation in READ_OPERATIONS}})
    )
    id_ = submit(tenant)
    assert [fault_name(tenant, operation, id_) for operation in OF_JOBS] == ["500"] * 4
    job = tenant.queue.jobs[id_]
    assert (job.position.step, job.position.polls, job.is_over) == (0, 0, False)
    assert [entry.kind for entry in tenant.journal] == [
        "call",
        "cancel",
        "result",
        "status",
        "stream",
    ]
    assert [entry.status for entry in tenant.journal] == [200, 500, 500, 500, 500]


def test_faults_that_are_set_again_restart_and_others_continue() -> None:
    controls = Controls(make_engine_in(faults={"submit": ["500"], "run": ["503 x2"]}), "id:secret")
    assert [first_fault(controls.tenant) for _ in range(2)] == ["500", "ok"]
    assert first_fault(controls.tenant, "run") == "503"
    controls.update(build_defaults({"faults": {"submit": ["500"]}}))
    assert [first_fault(controls.tenant) for _ in range(2)] == ["500", "ok"]
    controls.update(build_defaults({"options": {"logs": "window"}}))
    assert [first_fault(controls.tenant, "run") for _ in range(2)] == ["503", "ok"]
    assert first_fault(controls.tenant) == "ok"


# Chaos


def chaotic(rate: float, seed: int = 3, **more: Any) -> Tenant:
    return make_tenant_in(chaos={"rate": rate, "seed": seed, "faults": ["500", "reset"], **more})


def faults_by_job(tenant: Tenant, order: list[int]) -> dict[str, list[str]]:
    """The faults of the polls of four jobs, polled in an order."""
    ids = [submit(tenant, f"fal-ai/app-{number}") for number in range(4)]
    seen: dict[str, list[str]] = {id_: [] for id_ in ids}
    for number in order:
        seen[ids[number]].append(
            fault_name(tenant, "status", ids[number], app=f"fal-ai/app-{number}")
        )
    return seen


def test_equal_seeds_give_equal_faults_whatever_comes_between() -> None:
    interleaved = faults_by_job(chaotic(0.5, on="status"), [0, 1, 2, 3] * 5)
    apart = faults_by_job(chaotic(0.5, on="status"), [3] * 5 + [1] * 5 + [0] * 5 + [2] * 5)
    assert interleaved == apart
    assert faults_by_job(chaotic(0.5, 4, on="status"), [0, 1, 2, 3] * 5) != interleaved
    assert {"ok", "500", "reset"} == {name for names in interleaved.values() for name in names}


def test_chaos_affects_only_the_named_operations() -> None:
    tenant = chaotic(1.0, on=["status", "cancel"])
    id_ = submit(tenant)
    assert fault_name(tenant, "result", id_) == "ok"
    assert fault_name(tenant, "status", id_) in ("500", "reset")


def test_a_rate_of_zero_is_no_chaos() -> None:
    tenant = chaotic(0)
    assert tenant.faults.environment is None
    assert first_fault(tenant) == "ok"


def test_chaos_hits_the_same_calls_in_every_run() -> None:
    seen = [[first_fault(tenant) for _ in range(30)] for tenant in (chaotic(0.3), chaotic(0.3))]
    assert seen[0] == seen[1]
    assert 3 < sum(name != "ok" for name in seen[0]) < 18


# Limits


def test_beyond_the_limit_the_least_recently_used_counters_restart() -> None:
    settings = make_engine_in(faults={"submit": ["500", "503"]}).effective_settings
    injector = FaultInjector(settings.environment, "id:secret", max_counts=2)
    sequences = compile_faults(CallFaults(status=["500", "503"]))
    assert sequences is not None

    def next_name(job: str) -> str:
        fault = injector.next_in_sequence(sequences["status"], None, "status", job)
        return "ok" if fault is None else fault.name

    assert [next_name(job) for job in ("a", "b", "a", "c", "a", "b")] == [
        *("500", "500", "503", "500", "ok", "500")
    ]


def test_every_account_state_rejects_with_its_own_code() -> None:
    for name in ("bad_key", "exhausted_balance", "admin_lock", "forbidden_app"):
        assert code(make_tenant_in(account=name)) == CATALOG[name].status
