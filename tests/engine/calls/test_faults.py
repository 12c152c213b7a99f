"""What each request of a tenant meets, and whose turn it is."""

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
from tests.engine.living import fault_name, make_engine_in, make_tenant_in, status_word, submit

LOCKED = "exhausted-balance"
UPLOADS: tuple[Operation, ...] = ("upload", "token", "upload_put")
CALLS: tuple[Operation, ...] = ("submit", "run", "stream")
OF_JOBS: list[Operation] = ["cancel", "result", "status", "status_stream"]


def begun(tenant: Tenant, operation: Operation = "submit", endpoint: str = ANY_LLM) -> str:
    """The trouble that a call begins with; ``ok`` for none."""
    try:
        if operation == "submit":
            trouble = tenant.submit(make_call(endpoint)).fault
        elif operation == "stream":
            trouble = tenant.stream(make_call(endpoint, via="stream")).fault
        else:
            trouble = asyncio.run(tenant.run(make_call(endpoint, via="run"))).fault
    except FaultAbort as interrupted:
        trouble = interrupted.fault
    return "ok" if trouble is None else trouble.name


def code(tenant: Tenant, operation: Operation = "submit", endpoint: str = ANY_LLM) -> int:
    """The status that a call is refused with; 200 if it is not."""
    try:
        tenant.submit(make_call(endpoint))
    except FaultAbort as interrupted:
        return interrupted.fault.journal_status
    return 200


def test_these_are_the_operations_on_jobs() -> None:
    assert set(OF_JOBS) == READ_OPERATIONS


# Accounts


def test_a_locked_account_refuses_calls_and_lets_reads_pass() -> None:
    tenant = make_tenant_in(account={"state": LOCKED, "after": 1})
    id_ = submit(tenant)
    assert [begun(tenant, it) for it in CALLS] == [LOCKED] * 3
    assert [fault_name(tenant, it, id_) for it in OF_JOBS] == ["ok"] * 4
    assert [fault_name(tenant, it) for it in UPLOADS] == [LOCKED] * 3
    assert fault_name(tenant, "download") == "ok"
    assert status_word(tenant, id_) == "q0"


def test_reads_may_be_refused_as_well() -> None:
    tenant = make_tenant_in(account={"state": LOCKED, "after": 1, "reads": "refused"})
    id_ = submit(tenant)
    assert [fault_name(tenant, it, id_) for it in OF_JOBS] == [LOCKED] * 4
    assert fault_name(tenant, "download") == "ok"


@pytest.mark.parametrize("after", [0, 1, 3])
def test_so_many_calls_are_accepted_before(after: int) -> None:
    tenant = make_tenant_in(account={"state": LOCKED, "after": after})
    found = [begun(tenant, it) for it in (*CALLS, CALLS[0])]
    assert found == ["ok"] * after + [LOCKED] * (4 - after)


def test_a_call_that_is_refused_for_another_reason_is_none_of_those_accepted() -> None:
    tenant = make_tenant_in(
        exchange({"text": "x"}),
        account={"state": LOCKED, "after": 1},
        faults={"submit": ["reset", "500"]},
    )
    assert [begun(tenant) for _ in range(4)] == ["reset", "500", "ok", LOCKED]


def test_accounts_are_told_apart_by_their_keys() -> None:
    engine = make_engine_in(accounts={"poor:*": LOCKED, "wrong:*": "bad-key"}, account="no-access")
    keys = {"poor:1": 403, "wrong:1": 401, "other:1": 401}
    assert {key: code(tenant_of(engine, key)) for key in keys} == keys


def test_an_account_may_be_mended() -> None:
    controls = Controls(make_engine_in(account=LOCKED), "id:secret")
    assert begun(controls.tenant) == LOCKED
    controls.update(build_defaults({"account": {}}))
    assert begun(controls.tenant) == "ok"


# Apps and hosts


def test_an_app_that_is_gone_refuses_calls_under_its_own_name() -> None:
    tenant = make_tenant_in(apps={"fal-ai/flux": "removed"})
    with pytest.raises(FaultAbort) as caught:
        submit(tenant, "fal-ai/flux/dev")
    refusal = caught.value.fault.outcome
    assert refusal is not None
    assert (refusal.status, refusal.body) == (404, {"detail": 'Application "flux" not found'})
    assert begun(tenant) == "ok"


def test_jobs_of_an_app_that_is_gone_can_still_be_read() -> None:
    controls = Controls(make_engine_in(), "id:secret")
    id_ = submit(controls.tenant)
    controls.update(build_defaults({"apps": {"*": "removed"}}))
    assert fault_name(controls.tenant, "status", id_) == "ok"
    assert begun(controls.tenant) == "unknown-app"


def test_a_host_that_is_down_is_not_reached() -> None:
    tenant = make_tenant_in(hosts={"queue.fal.run": "down"})
    found = tenant.faults.host_fault("queue.fal.run")
    assert found is not None
    assert (found.journal_status, found.is_performed) == (0, False)
    assert tenant.faults.host_fault("fal.run") is None
    assert make_tenant_in().faults.host_fault("queue.fal.run") is None


def test_the_backup_of_a_host_that_is_down_is_another_host() -> None:
    troubles = make_tenant_in(hosts={"queue.fal.run": "down"}).faults
    assert troubles.host_fault("Queue.fal.run.:443") is not None
    assert troubles.host_fault("queue.falrun.com") is None
    troubles = make_tenant_in(hosts={"queue.falrun.com": "down", "rest.fal.ai": "down"}).faults
    assert troubles.host_fault("queue.falrun.com:443") is not None
    assert troubles.host_fault("rest.alpha.fal.ai") is not None
    assert troubles.host_fault("queue.fal.run") is None


# Whose turn it is


def test_the_account_goes_before_the_app_and_both_before_faults() -> None:
    parts: dict[str, Any] = {"apps": {"*": "removed"}, "faults": {"submit": "reset"}}
    assert begun(make_tenant_in(account=LOCKED, **parts)) == LOCKED
    assert begun(make_tenant_in(**parts)) == "unknown-app"
    del parts["apps"]
    tenant = make_tenant_in(exchange({"text": "x", "faults": {"submit": "hang"}}), **parts)
    assert [begun(tenant) for _ in range(3)] == ["reset", "hang", "ok"]


@pytest.mark.parametrize("operation", sorted(CALL_OPERATIONS))
def test_faults_of_a_reply_are_used_in_turn_and_use_up_no_reply(operation: Operation) -> None:
    replies = [{"text": "a", "faults": {operation: ["500 x2", "ok", "503"]}}, {"text": "b"}]
    tenant = make_tenant_in({"replies": replies, "then": "miss"})
    seen = [begun(tenant, operation) for _ in range(4)]
    assert seen == ["500", "500", "ok", "ok"]


def test_a_served_call_whose_answer_is_lost_uses_its_reply() -> None:
    tenant = make_tenant_in(
        exchange({"text": "x", "faults": {"submit": ["accepted-then-reset x2"]}}, times=2)
    )
    assert [begun(tenant) for _ in range(2)] == ["accepted-then-reset"] * 2
    assert len(tenant.queue.jobs) == 2


def test_each_reply_and_each_exchange_has_turns_of_its_own() -> None:
    faulty = {"text": "x", "faults": {"submit": ["500"]}}
    tenant = make_tenant_in(
        {"when": {"endpoint": ANY_LLM}, "replies": [faulty, faulty], "then": "cycle"},
        exchange(faulty),
    )
    assert [begun(tenant) for _ in range(5)] == ["500", "ok", "500", "ok", "ok"]
    assert [begun(tenant, endpoint="fal-ai/flux") for _ in range(2)] == ["500", "ok"]


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
        assert [begun(tenant, operation) for _ in range(4)] == ["reset", "503", "503", "503"]
    else:
        one, other = submit(tenant), submit(tenant)
        seen = [fault_name(tenant, operation, id_) for id_ in (one, other, "no-such-id", one)]
        assert seen == ["reset", "503", "503", "503"]


def test_a_refused_read_changes_nothing() -> None:
    tenant = make_tenant_in(
        exchange({"text": "x", "faults": {it: ["500"] for it in READ_OPERATIONS}})
    )
    id_ = submit(tenant)
    assert [fault_name(tenant, it, id_) for it in OF_JOBS] == ["500"] * 4
    job = tenant.queue.jobs[id_]
    assert (job.position.step, job.position.polls, job.is_over) == (0, 0, False)
    assert [it.kind for it in tenant.journal] == ["call", "cancel", "result", "status", "stream"]
    assert [it.status for it in tenant.journal] == [200, 500, 500, 500, 500]


def test_faults_that_are_named_again_begin_anew_and_others_go_on() -> None:
    controls = Controls(make_engine_in(faults={"submit": ["500"], "run": ["503 x2"]}), "id:secret")
    assert [begun(controls.tenant) for _ in range(2)] == ["500", "ok"]
    assert begun(controls.tenant, "run") == "503"
    controls.update(build_defaults({"faults": {"submit": ["500"]}}))
    assert [begun(controls.tenant) for _ in range(2)] == ["500", "ok"]
    controls.update(build_defaults({"options": {"logs": "window"}}))
    assert [begun(controls.tenant, "run") for _ in range(2)] == ["503", "ok"]
    assert begun(controls.tenant) == "ok"


# Chance


def chaotic(rate: float, seed: int = 3, **more: Any) -> Tenant:
    return make_tenant_in(chaos={"rate": rate, "seed": seed, "faults": ["500", "reset"], **more})


def story(tenant: Tenant, order: list[int]) -> dict[str, list[str]]:
    """What the polls of some jobs meet, job by job, asked in an order."""
    ids = [submit(tenant, f"fal-ai/app-{number}") for number in range(4)]
    seen: dict[str, list[str]] = {id_: [] for id_ in ids}
    for number in order:
        seen[ids[number]].append(
            fault_name(tenant, "status", ids[number], app=f"fal-ai/app-{number}")
        )
    return seen


def test_the_same_seed_gives_the_same_faults_whatever_comes_between() -> None:
    in_turn = story(chaotic(0.5, on="status"), [0, 1, 2, 3] * 5)
    apart = story(chaotic(0.5, on="status"), [3] * 5 + [1] * 5 + [0] * 5 + [2] * 5)
    assert in_turn == apart
    assert story(chaotic(0.5, 4, on="status"), [0, 1, 2, 3] * 5) != in_turn
    assert {"ok", "500", "reset"} == {it for met_ in in_turn.values() for it in met_}


def test_chance_meets_only_the_operations_that_are_named() -> None:
    tenant = chaotic(1.0, on=["status", "cancel"])
    id_ = submit(tenant)
    assert fault_name(tenant, "result", id_) == "ok"
    assert fault_name(tenant, "status", id_) in ("500", "reset")


def test_a_rate_of_nothing_is_no_chaos() -> None:
    tenant = chaotic(0)
    assert tenant.faults.environment is None
    assert begun(tenant) == "ok"


def test_calls_are_struck_alike_in_every_run() -> None:
    seen = [[begun(tenant) for _ in range(30)] for tenant in (chaotic(0.3), chaotic(0.3))]
    assert seen[0] == seen[1]
    assert 3 < sum(it != "ok" for it in seen[0]) < 18


# Bounds


def test_of_very_many_turns_those_unused_for_longest_begin_anew() -> None:
    terms = make_engine_in(faults={"submit": ["500", "503"]}).effective_settings
    troubles = FaultInjector(terms.environment, "id:secret", max_counts=2)
    turns = compile_faults(CallFaults(status=["500", "503"]))
    assert turns is not None

    def meet(job: str) -> str:
        found = troubles.next_in_sequence(turns["status"], None, "status", job)
        return "ok" if found is None else found.name

    assert [meet(job) for job in ("a", "b", "a", "c", "a", "b")] == [
        *("500", "500", "503", "500", "ok", "500")
    ]


def test_every_account_state_refuses_with_its_own_code() -> None:
    for name in ("bad_key", "exhausted_balance", "admin_lock", "forbidden_app"):
        assert code(make_tenant_in(account=name)) == CATALOG[name].status
