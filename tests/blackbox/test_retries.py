"""Which responses the real clients retry, and how often, counted.

The table is in docs/reference/clients.md#errors-and-retries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from fakefal.engine.controls import Controls
from fakefal.protocol.errors.client_retries import count_requests
from fakefal.protocol.errors.fault import Operation
from fakefal.scenario.compiler.faults import compile_fault
from fakefal.scenario.files.loader import load_data
from tests.blackbox.driving import once_json
from tests.blackbox.situation_runs import CLIENTS, hold
from tests.blackbox.situation_table import Seen
from tests.blackbox.situations import ENDPOINT

pytestmark = pytest.mark.blackbox

FOUR = {"submit": 4, "status": 6, "result": 4, "run": 4, "cancel": 4}
NEVER = dict.fromkeys(FOUR, 1)

TABLE: dict[str, tuple[int, dict[str, int]]] = {
    "400": (1, NEVER),
    "401": (1, NEVER),
    "403": (1, NEVER),
    "404": (1, NEVER),
    "405": (1, NEVER),
    "408": (10, NEVER),
    "409": (10, NEVER),
    "422": (1, NEVER),
    "429": (10, FOUR),
    "499": (1, NEVER),
    "500": (1, {**NEVER, "status": 6}),
    "502": (1, FOUR),
    "503": (1, FOUR),
    "504": (1, FOUR),
    "start-deadline": (1, NEVER),
    "nginx-502": (10, FOUR),
    "nginx-503": (10, FOUR),
    "nginx-504": (10, FOUR),
    "reset": (10, FOUR),
    "close": (10, FOUR),
}
"""What is answered every time; then how many requests fal_client makes, and @fal-ai/client."""

OPERATIONS: tuple[Operation, ...] = ("submit", "status", "result", "run", "cancel")
_FLOWS = {"run": "run", "cancel": "cancel"}


@dataclass(frozen=True)
class Always:
    """An operation that always meets the same fault."""

    operation: Operation
    fault: str
    answers: tuple[int, ...] = ()

    @property
    def flow(self) -> str:
        return _FLOWS.get(self.operation, "subscribe")

    def configure(self, controls: Controls) -> None:
        reply = {"text": "Ship it.", "faults": {self.operation: f"{self.fault} x*"}}
        exchange = {"when": {"endpoint": ENDPOINT}, "reply": reply}
        loaded = load_data({"fakefal": 1, "exchanges": [exchange]})
        controls.put_exchange(0, loaded.scenario.exchanges[0])


CASES = {f"{it}-{fault}": Always(it, fault) for it in OPERATIONS for fault in TABLE}


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Seen]]:
    """What each client did, by case."""

    def make() -> dict[str, Any]:
        return {client: hold(client, CASES) for client in CLIENTS}

    found = once_json(tmp_path_factory, "retries", make)
    return {
        client: {name: Seen(**row) for name, row in rows.items()} for client, rows in found.items()
    }


@pytest.mark.parametrize("name", CASES)
def test_a_request_is_repeated_as_often_as_section_7_4_says(
    name: str, counted: dict[str, dict[str, Seen]]
) -> None:
    case = CASES[name]
    python, js = TABLE[case.fault]
    made = {client: counted[client][name].counts[case.operation] for client in CLIENTS}
    assert made == {"python": python, "js": js[case.operation]}


@pytest.mark.parametrize(
    "name", [name for name, it in CASES.items() if it.fault not in ("reset", "close")]
)
def test_what_explain_says_is_what_the_clients_do(
    name: str, counted: dict[str, dict[str, Seen]]
) -> None:
    case = CASES[name]
    fault = compile_fault(case.fault)[0].fault
    assert fault is not None
    assert fault.outcome is not None
    made = tuple(counted[client][name].counts[case.operation] for client in CLIENTS)
    assert tuple(count_requests(fault.outcome, case.operation)) == made
