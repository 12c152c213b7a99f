from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fakefal.engine.engine import Engine
from fakefal.protocol.errors.errors import ApiError
from fakefal.settings import Limits
from tests.building import exchange, make_call, make_engine, tenant_of
from tests.control.calls import call, call_json


def samples(engine: Engine) -> dict[str, float]:
    """The samples by name and labels."""
    response = call(engine, "GET", "/metrics", key=None)
    assert response.content_type.startswith("text/plain; version=0.0.4")
    return {
        f"{sample.name}{sorted(sample.labels.items()) or ''}": sample.value
        for family in text_string_to_metric_families(response.payload.decode())
        for sample in family.samples
    }


def entry_count(counts: dict[str, float]) -> float:
    calls = "fakefal_journal_entries_total[('kind', 'call')"
    return sum(count for name, count in counts.items() if name.startswith(calls))


def test_calls_misses_jobs_and_keys_are_counted() -> None:
    engine = make_engine([exchange(when={"via": "queue"})])
    tenant_of(engine).submit(make_call(webhook="http://127.0.0.1:9/"))
    tenant_of(engine, "other").submit(make_call())
    with pytest.raises(ApiError):
        tenant_of(engine).stream(make_call(via="stream"))
    engine.record_rejection(None, "x", 401, "y")
    counts = samples(engine)
    calls = "fakefal_journal_entries_total[('kind', 'call'), ('status', '{}'), ('via', '{}')]"
    assert counts[calls.format(200, "queue")] == 2
    assert counts[calls.format(404, "stream")] == 1
    assert counts["fakefal_misses_total"] == 1
    assert sum(count for name, count in counts.items() if name.startswith("fakefal_jobs[")) == 2
    assert counts["fakefal_tenants"] == 2
    assert counts["fakefal_exchanges_loaded"] == 1
    assert counts["fakefal_build_info[('version', '0.1.0')]"] == 1
    assert counts["fakefal_webhooks[('state', 'waiting')]"] == 1


def test_counters_survive_resets_and_evictions() -> None:
    engine = make_engine(limits=Limits(journal_entries=2, tenants=1))
    for _ in range(5):
        tenant_of(engine).submit(make_call())
    assert entry_count(samples(engine)) == 5
    call_json(engine, "POST", "/reset")
    assert entry_count(samples(engine)) == 5
    tenant_of(engine, "other").submit(make_call())  # drops the first key
    assert entry_count(samples(engine)) == 6
    assert samples(engine)["fakefal_journal_dropped_entries"] == 0


def test_metrics_create_no_state() -> None:
    engine = make_engine()
    tenant_of(engine)
    samples(engine)
    assert not tenant_of(engine).has_webhooks
    assert len(tenant_of(engine).journal) == 0
