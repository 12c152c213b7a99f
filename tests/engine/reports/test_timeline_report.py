from __future__ import annotations

from fakefal.engine.reports.timeline_report import TimelineReport
from tests.building import ANY_LLM, exchange
from tests.engine.tenants import make_tenant_in, submit


def test_identical_polls_share_a_line() -> None:
    tenant = make_tenant_in(
        exchange(reply={"text": "x", "timeline": [{"IN_QUEUE": {"for": "5s"}}]})
    )
    id_ = submit(tenant)
    for _ in range(4):
        tenant.status(ANY_LLM, id_, with_logs=False)
        tenant.clock.advance(1)
    tenant.clock.advance(1)
    tenant.status(ANY_LLM, id_, with_logs=False)
    lines = str(TimelineReport.from_tenant(tenant)).splitlines()
    assert lines[0] == "journal (manual clock):"
    assert "+0.000s call    #1 queue fal-ai/any-llm" in lines[1]
    assert lines[2].strip() == "+0.000s status  #1 → 202 (IN_QUEUE) ×4, until +3.000s"
    assert lines[3].strip() == "+5.000s status  #1 → 200 (COMPLETED)"


def test_a_long_timeline_shows_its_end() -> None:
    tenant = make_tenant_in(exchange())
    assert str(TimelineReport.from_tenant(tenant)) == "journal: empty, no request reached the fake"
    for _ in range(100):
        submit(tenant)
    report = TimelineReport.from_tenant(tenant)
    assert str(report).splitlines()[1] == "  … 40 earlier lines"
    assert len(report.excerpt().splitlines()) == 14
