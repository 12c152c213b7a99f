from __future__ import annotations

import json

import pytest

from fakefal.engine.core.clock import START
from fakefal.engine.core.journal import Journal, JournalEntry, Miss
from tests.building import exchange, make_call, make_tenant


def test_entries_are_numbered_in_order_and_kept() -> None:
    journal = Journal(10)
    for kind in ("call", "status", "result"):
        journal.write(START, kind, make_call())
    assert [(entry.number, entry.kind) for entry in journal] == [
        (1, "call"),
        (2, "status"),
        (3, "result"),
    ]
    assert (len(journal), journal.dropped) == (3, 0)


def test_over_the_limit_the_oldest_are_dropped_and_counted() -> None:
    journal = Journal(3)
    for _ in range(10):
        journal.write(START, "status", None)
    assert [entry.number for entry in journal] == [8, 9, 10]
    assert (len(journal), journal.dropped) == (3, 7)


def test_misses_outlive_their_entries() -> None:
    journal = Journal(2)
    miss = Miss(make_call(), ())
    journal.write(START, "call", miss.call, status=404, miss=miss)
    for _ in range(5):
        journal.write(START, "status", None)
    assert [entry.miss for entry in journal] == [None, None]
    assert (journal.misses, journal.miss_count) == ((miss,), 1)


def test_a_thousand_misses_are_kept_and_all_are_counted() -> None:
    journal = Journal(1)
    misses = [Miss(make_call(input_={"prompt": str(n)}), ()) for n in range(1100)]
    for miss in misses:
        journal.write(START, "call", miss.call, miss=miss)
    assert journal.misses == tuple(misses[100:])
    assert journal.miss_count == 1100


def test_every_listener_gets_every_entry() -> None:
    received: list[tuple[str, JournalEntry]] = []
    listeners = tuple(
        (lambda entry, name=name: received.append((name, entry))) for name in ("one", "two")
    )
    journal = Journal(1, listeners)
    journal.write(START, "call", make_call())
    journal.write(START, "cancel", make_call())
    assert [(name, entry.kind) for name, entry in received] == [
        ("one", "call"),
        ("two", "call"),
        ("one", "cancel"),
        ("two", "cancel"),
    ]


def test_writing_while_reading_does_not_disturb_the_reader() -> None:
    journal = Journal(2)
    journal.write(START, "call", None)
    seen = []
    for entry in journal:
        journal.write(START, "status", None)
        seen.append(entry.number)
    assert seen == [1]


def test_a_call_has_its_input_in_the_json_and_a_poll_has_none() -> None:
    call = make_call(headers={"x-fal-queue-priority": "low"})
    journal = Journal(5)
    journal.write(START, "call", call, "id-1", 200, '"tagline"')
    journal.write(START + 1.5, "status", call, "id-1", 202, note="IN_QUEUE")
    first, second = [entry.body() for entry in journal]
    assert first == {
        "number": 1,
        "at": "2026-01-01T00:00:00.000000Z",
        "kind": "call",
        "request_id": "id-1",
        "status": 200,
        "endpoint": "fal-ai/any-llm",
        "via": "queue",
        "input": {"prompt": "hi"},
        "headers": {"x-fal-queue-priority": "low"},
        "exchange": "tagline",
    }
    assert second == {
        "number": 2,
        "at": "2026-01-01T00:00:01.500000Z",
        "kind": "status",
        "request_id": "id-1",
        "status": 202,
        "endpoint": "fal-ai/any-llm",
        "via": "queue",
        "note": "IN_QUEUE",
    }


def test_an_entry_without_a_call_has_no_endpoint() -> None:
    journal = Journal(1)
    journal.write(START, "refused", None, status=400, note="bad header")
    (entry,) = journal
    assert "endpoint" not in entry.body()
    assert entry.body()["note"] == "bad header"


def test_a_miss_without_exchanges_says_how_to_add_one() -> None:
    assert str(Miss(make_call(), ())) == (
        "no exchange for fal-ai/any-llm (queue); none is loaded — add one to the scenario, or call "
        "on(…) in the test"
    )


@pytest.mark.parametrize("outcome", ["call", "miss"])
def test_the_journal_of_a_tenant_is_json(outcome: str) -> None:
    tenant = make_tenant(exchange(when={"endpoint": "a/b"}), exchange(when={"endpoint": "c/d"}))
    if outcome == "call":
        tenant.submit(make_call("a/b"))
    else:
        with pytest.raises(Exception, match="404"):
            tenant.submit(make_call("e/f"))
    (entry,) = tenant.journal
    body = entry.body()
    assert json.loads(json.dumps(body)) == body
    assert ("miss" in body) == (outcome == "miss")
