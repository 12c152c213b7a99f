from __future__ import annotations

from fakefal.proxy.proxy_log import ProxyLog, ProxyLogEntry
from fakefal.proxy.targets import Target


def test_entries_are_counted_and_the_least_recent_dropped() -> None:
    log = ProxyLog()
    for _ in range(3):
        log.note(Target("a.test", 1), "refused")
    log.note(Target("a.test", 1), "tunnelled")
    assert log.entries() == [
        ProxyLogEntry("a.test", 1, "refused", 3),
        ProxyLogEntry("a.test", 1, "tunnelled", 1),
    ]
    for number in range(999):
        log.note(Target(f"{number}.test", 443), "unreachable")
    assert len(log.entries()) == 1_000
    assert log.entries()[0] == ProxyLogEntry("a.test", 1, "tunnelled", 1)
