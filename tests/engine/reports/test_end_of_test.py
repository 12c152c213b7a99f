from __future__ import annotations

from fakefal.engine.reports.end_of_test import (
    UNDELIVERED_STAGES,
    uncollected_results,
    unused_exchanges,
    webhooks_in,
)
from fakefal.scenario.files.loader import load_data
from tests.building import exchange, make_call, make_engine, tenant_of


def test_own_exchanges_that_answered_nothing_are_listed_and_shared_ones_are_not() -> None:
    engine = make_engine([exchange(id="shared")])
    tenant = tenant_of(engine)
    assert unused_exchanges(tenant) == []
    (loaded,) = load_data({"fakefal": 1, "exchanges": [exchange(id="own")]}, "own").exchanges
    tenant.set_own_index(type(tenant.own_index)([loaded]))
    assert len(unused_exchanges(tenant)) == 1
    tenant.submit(make_call())
    assert unused_exchanges(tenant) == []


def test_a_job_that_is_not_over_is_neither_uncollected_nor_undelivered() -> None:
    tenant = tenant_of(make_engine([exchange({"text": "x", "billable_units": 2})]))
    tenant.submit(make_call())
    assert uncollected_results(tenant) == []
    assert webhooks_in(tenant, UNDELIVERED_STAGES) == []
