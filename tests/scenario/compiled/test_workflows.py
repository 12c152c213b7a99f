"""Events of workflows."""

from __future__ import annotations

from typing import Any

from fakefal.protocol.core.call import Json, Outcome
from fakefal.protocol.errors.errors import failed_outcome
from fakefal.scenario.compiled.workflows import Workflow, node_request_id, workflow_events

ID = "019b7932-a8f4-79a7-bcf4-76073452da2a"
SUBMIT: dict[str, Any] = {"type": "submit", "node_id": "a", "app_id": "acme/tool"}


def events(failing_node: str | None, outcome: Outcome) -> list[Json]:
    return list(workflow_events(Workflow(failing_node, ()), [SUBMIT], outcome, ID))


def test_each_node_has_its_own_request_id() -> None:
    first, second = node_request_id(ID, "a"), node_request_id(ID, "b")
    assert first != second
    assert len(first) == len(second) == len(ID)
    assert first == node_request_id(ID, "a")


def test_the_output_follows_the_events() -> None:
    submit, last = events(None, Outcome(200, {"n": 1}, b""))
    assert submit == {**SUBMIT, "request_id": node_request_id(ID, "a")}
    assert last == {"type": "output", "output": {"n": 1}}


def test_an_error_names_the_request_of_its_node() -> None:
    *_, last = events("a", failed_outcome(503, b"<html>"))
    assert last["error"] == {"status": 503, "body": "<html>"}
    assert last["message"].endswith(node_request_id(ID, "a"))
