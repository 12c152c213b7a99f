"""The report of a tenant: what a test in any language shows when it ends."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fakefal.control.requests import ControlRequest
from fakefal.engine.next_event import standing_clock


def show_report(request: ControlRequest) -> dict[str, Any]:
    """The findings of the Python plugin, in its words."""
    from fakefal.control.schemas import ReportParameters
    from fakefal.engine.reports import end_of_test
    from fakefal.engine.reports.billing import collect_billed_calls
    from fakefal.engine.reports.timeline_report import TimelineReport

    known_count = request.parse_query(ReportParameters).known_misses
    controls = request.controls
    tenant = controls.tenant
    miss_count = controls.miss_count()
    return {
        "miss_count": miss_count,
        "misses": _misses_text(controls.misses(), miss_count - known_count),
        "unused": end_of_test.unused_exchanges(tenant),
        "uncollected": end_of_test.uncollected_results(tenant),
        "undelivered": end_of_test.webhooks_in(tenant, end_of_test.UNDELIVERED_STAGES),
        "refused": end_of_test.webhooks_in(tenant, end_of_test.REFUSED_STAGES),
        "billed": [asdict(call) for call in collect_billed_calls(tenant)],
        "clock": standing_clock(tenant),
        "timeline": str(TimelineReport.from_tenant(tenant)),
    }


def _misses_text(misses: list[str], new_count: int) -> str:
    """The newest misses under a heading, as ``assert_no_misses`` of Python."""
    if new_count <= 0:
        return ""
    noun = "call" if new_count == 1 else "calls"
    return "\n".join((f"{new_count} {noun} matched no exchange:", *misses[-new_count:]))
