from __future__ import annotations

from fakefal.proxy.proxy_log import Visit, Visits
from fakefal.proxy.targets import Target


def test_visits_are_counted_and_the_oldest_of_many_forgotten() -> None:
    visits = Visits()
    for _ in range(3):
        visits.note(Target("a.test", 1), "refused")
    visits.note(Target("a.test", 1), "tunnelled")
    assert visits.list() == [Visit("a.test", 1, "refused", 3), Visit("a.test", 1, "tunnelled", 1)]
    for number in range(999):
        visits.note(Target(f"{number}.test", 443), "unreachable")
    assert len(visits.list()) == 1_000
    assert visits.list()[0] == Visit("a.test", 1, "tunnelled", 1)
