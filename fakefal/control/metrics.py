"""Exports counters and gauges for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fakefal.control.requests import ApiResponse, ControlContext, ControlRequest
from fakefal.engine.tenant import Tenant

if TYPE_CHECKING:
    from prometheus_client.core import Metric


def export_metrics(request: ControlRequest) -> ApiResponse:
    """All metrics in Prometheus' text format 0.0.4."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(request.context))
    return ApiResponse(generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4)


class _Collector:
    """Computes the metrics at each scrape, so that calls do no work for them."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context

    def collect(self) -> Iterable[Metric]:
        """The metrics with their samples; called by prometheus_client."""
        engine = self._context.engine
        anonymous = [] if engine.anonymous_tenant is None else [engine.anonymous_tenant]
        tenants = [*anonymous, *engine.tenants]
        yield from self._server_metrics(len(engine.tenants))
        yield from self._journal_metrics(tenants)
        yield from _storage_metrics(tenants)

    def _server_metrics(self, tenant_count: int) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        context, engine = self._context, self._context.engine
        build = GaugeMetricFamily(
            "fakefal_build_info", "The version of fakefal.", labels=["version"]
        )
        build.add_metric([context.version], 1)
        yield build
        for name, text, value in (
            ("fakefal_tenants", "API keys that have called.", tenant_count),
            (
                "fakefal_exchanges_loaded",
                "Exchanges that apply to every key.",
                _loaded_exchange_count(context),
            ),
            (
                "fakefal_scenarios_loaded",
                "Scenarios that apply to every key.",
                len(engine.scenarios),
            ),
            (
                "fakefal_journal_listeners",
                "Open live streams of the journal.",
                context.live_streams,
            ),
        ):
            yield GaugeMetricFamily(name, text, value=value)

    def _journal_metrics(self, tenants: list[Tenant]) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        engine = self._context.engine
        tally = Counter(engine.past_tally)
        for tenant in tenants:
            tally += tenant.journal.tally()
        entries = CounterMetricFamily(
            "fakefal_journal_entries",
            "Journal entries: calls, polls, results, webhooks and so on.",
            labels=["kind", "via", "status"],
        )
        for (kind, via, status), count in sorted(tally.items()):
            entries.add_metric([kind, via, str(status)], count)
        yield entries
        refused = CounterMetricFamily(
            "fakefal_refused_by_limits",
            "Requests, keys, uploads and webhooks that a limit refused with a 429.",
            labels=["limit"],
        )
        for limit, count in sorted(engine.bounds.refused.items()):
            refused.add_metric([limit], count)
        yield refused
        missed = engine.past_misses + sum(tenant.journal.miss_count for tenant in tenants)
        yield CounterMetricFamily("fakefal_misses", "Calls that matched no exchange.", value=missed)
        dropped = sum(tenant.journal.dropped for tenant in tenants)
        text = "Entries that full journals have dropped."
        yield GaugeMetricFamily("fakefal_journal_dropped_entries", text, value=dropped)


def _loaded_exchange_count(context: ControlContext) -> int:
    return len(context.engine.base_index.exchanges)


def _storage_metrics(tenants: list[Tenant]) -> Iterator[Metric]:
    """Gauges of what is stored: jobs by state, webhooks by stage, files and their bytes."""
    from prometheus_client.core import GaugeMetricFamily

    jobs: Counter[str] = Counter()
    webhooks: Counter[str] = Counter()
    for tenant in tenants:
        now = tenant.clock.now()
        for job in tenant.queue.jobs.values():
            tenant.queue.advance_job(job, now)
            jobs[job.state.value] += 1
        if tenant.has_webhooks:
            webhooks.update(delivery.stage for delivery in tenant.webhooks.deliveries)
    for name, text, label, counts in (
        ("fakefal_jobs", "Stored queue requests.", "state", jobs),
        ("fakefal_webhooks", "Stored webhooks.", "state", webhooks),
    ):
        family = GaugeMetricFamily(name, text, labels=[label])
        for value, count in sorted(counts.items()):
            family.add_metric([value], count)
        yield family
    files = [file for tenant in tenants for file in tenant.files]
    yield GaugeMetricFamily("fakefal_files", "Stored files.", value=len(files))
    size = sum(file.blob.size for file in files)
    yield GaugeMetricFamily(
        "fakefal_file_bytes", "Total size of stored files in bytes.", value=size
    )
