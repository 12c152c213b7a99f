"""All situations with both real clients: the table in docs/situations.md is what they saw."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from fakefal.scenario.model.reply import Reply
from tests.blackbox.driving import once_json
from tests.blackbox.situation_runs import CLIENTS, hold
from tests.blackbox.situation_table import ENDLESS, Seen, table
from tests.blackbox.situations import FIRST_RELEASE, SITUATIONS, Situation, built

pytestmark = pytest.mark.blackbox

DOCUMENT = Path(__file__).parents[2] / "docs" / "situations.md"
Table = dict[str, dict[int, Seen]]


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """What both clients saw; the conversations are held once a run."""
    talks = {str(it.n): it for it in SITUATIONS}

    def make() -> dict[str, Any]:
        return {client: hold(client, talks) for client in CLIENTS}

    found = once_json(tmp_path_factory, "situations", make)
    return {
        client: {int(n): Seen(**row) for n, row in rows.items()} for client, rows in found.items()
    }


def test_the_table_in_the_docs_is_what_the_clients_saw(seen: Table) -> None:
    made = table(seen)
    if os.environ.get("FAKEFAL_WRITE_SITUATIONS"):
        DOCUMENT.write_text(made, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == made


def test_every_situation_is_there_once() -> None:
    assert [it.n for it in SITUATIONS] == list(range(1, 73))


@pytest.mark.parametrize("n", sorted(FIRST_RELEASE))
def test_those_of_the_first_release_were_met_by_both_clients(n: int, seen: Table) -> None:
    assert all(seen[client][n].report for client in CLIENTS)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda it: it.n)
def test_every_situation_was_met_by_a_client(situation: Situation, seen: Table) -> None:
    assert any(seen[client][situation.n].report for client in CLIENTS)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda it: it.n)
def test_a_situation_is_a_line_or_two_and_one_call(situation: Situation) -> None:
    assert len(situation.scenario) <= 2 * 100
    if not situation.python:
        assert not situation.scenario
        return
    scenario = situation.loaded.scenario
    replies, report = built(situation)
    if report:
        (given,) = report
        fields = type(given).model_fields
        assert all(getattr(given, name) == getattr(scenario, name) for name in fields)
    else:
        (exchange,) = scenario.exchanges
        wanted = exchange.replies or [exchange.reply or Reply()]
        simple = [_bare(reply) for reply in replies]
        assert simple == [_bare(reply) for reply in wanted]


def _bare(reply: Reply) -> dict[str, Any]:
    """A reply as it is meant: single entries as lists, words as what they stand for."""
    data: dict[str, Any] = reply.model_dump(by_alias=True, exclude_defaults=True)
    if data.get("text") in ("", "Ship it."):
        del data["text"]
    return data


def test_a_page_with_a_request_id_is_not_requested_again(seen: Table) -> None:
    """Only the page without the id is the load balancer's (docs/reference/errors.md)."""
    assert seen["python"][27].counts["submit"] == 3


def test_accepted_then_reset_is_two_jobs_for_one_user(seen: Table) -> None:
    for client in CLIENTS:
        submits = [it for it in seen[client][42].journal if it["kind"] == "call"]
        assert len({it["request_id"] for it in submits}) == 2


@pytest.mark.parametrize("n", [30, 32])
def test_a_stuck_job_is_polled_as_long_as_the_client_runs(n: int, seen: Table) -> None:
    assert all(seen[client][n].report == ENDLESS for client in CLIENTS)
