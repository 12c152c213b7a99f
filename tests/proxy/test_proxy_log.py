from __future__ import annotations

from fakefal.proxy.proxy_log import ProxyLog, ProxyLogEntry
from fakefal.proxy.targets import Target


def test_visits_are_counted_and_the_oldest_of_many_forgotten() -> None:
    visits = ProxyLog()
    for _ in range(3):
        visits.note(Target("a.test", 1), "refused")
    visits.note(Target("a.test", 1), "tunnelled")
    assert visits.entries() == [
        ProxyLogEntry("a.test", 1, "refused", 3),
        ProxyLogEntry("a.test", 1, "tunnelled", 1),
    ]
    for number in range(999):
        visits.note(Target(f"{number}.test", 443), "unreachable")
    assert len(visits.entries()) == 1_000
    assert visits.entries()[0] == ProxyLogEntry("a.test", 1, "tunnelled", 1)
