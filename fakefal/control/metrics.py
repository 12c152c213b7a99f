"""Counters and gauges of the server, as Prometheus reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fakefal.control.requests import Asked, House, Told
from fakefal.engine.tenant import Tenant

if TYPE_CHECKING:
    from prometheus_client.core import Metric


def metrics(asked: Asked) -> Told:
    """All of them, in the text format."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(asked.house))
    return Told(generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4)


class _Collected:
    """What is counted, read when somebody asks: calls do no work for it."""

    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterable[Metric]:
        """The metrics, each with all its samples."""
        engine = self._house.engine
        strangers = [] if engine.strangers is None else [engine.strangers]
        tenants = [*strangers, *engine.tenants]
        yield from self._of_server(len(engine.tenants))
        yield from self._of_journals(tenants)
        yield from _of_keeping(tenants)

    def _of_server(self, tenants: int) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        house, engine = self._house, self._house.engine
        build = GaugeMetricFamily(
            "fakefal_build_info", "Which fakefal this is.", labels=["version"]
        )
        build.add_metric([house.version], 1)
        yield build
        for name, text, value in (
            ("fakefal_tenants", "API keys with a state of their own.", tenants),
            ("fakefal_exchanges_loaded", "Exchanges that hold for every key.", _loaded(house)),
            ("fakefal_scenarios_loaded", "Scenarios of every key.", len(engine.scenarios)),
            ("fakefal_journal_listeners", "Live streams of the journal.", house.live),
        ):
            yield GaugeMetricFamily(name, text, value=value)

    def _of_journals(self, tenants: list[Tenant]) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        engine = self._house.engine
        tally = Counter(engine.past)
        for tenant in tenants:
            tally += tenant.journal.tally()
        entries = CounterMetricFamily(
            "fakefal_journal_entries",
            "What happened: calls, polls, results, webhooks and so on.",
            labels=["kind", "via", "status"],
        )
        for (kind, via, status), count in sorted(tally.items()):
            entries.add_metric([kind, via, str(status)], count)
        yield entries
        missed = engine.past_misses + sum(tenant.journal.missed for tenant in tenants)
        yield CounterMetricFamily("fakefal_misses", "Calls that met no exchange.", value=missed)
        dropped = sum(tenant.journal.dropped for tenant in tenants)
        text = "Entries that full journals have let go."
        yield GaugeMetricFamily("fakefal_journal_dropped_entries", text, value=dropped)


def _loaded(house: House) -> int:
    return len(house.engine.base.entries)


def _of_keeping(tenants: list[Tenant]) -> Iterator[Metric]:
    """What is kept now: jobs by state, webhooks by stage, files and their bytes."""
    from prometheus_client.core import GaugeMetricFamily

    jobs: Counter[str] = Counter()
    webhooks: Counter[str] = Counter()
    for tenant in tenants:
        now = tenant.clock.now()
        for job in tenant.queue.jobs.values():
            tenant.queue.look(job, now)
            jobs[job.state.value] += 1
        if tenant.has_webhooks:
            webhooks.update(delivery.stage for delivery in tenant.webhooks.deliveries)
    for name, text, label, counts in (
        ("fakefal_jobs", "Queue requests that are kept.", "state", jobs),
        ("fakefal_webhooks", "Webhooks that are kept.", "state", webhooks),
    ):
        family = GaugeMetricFamily(name, text, labels=[label])
        for value, count in sorted(counts.items()):
            family.add_metric([value], count)
        yield family
    files = [file for tenant in tenants for file in tenant.files]
    yield GaugeMetricFamily("fakefal_files", "Files that are kept.", value=len(files))
    size = sum(file.blob.size for file in files)
    yield GaugeMetricFamily("fakefal_file_bytes", "What those files come to.", value=size)
