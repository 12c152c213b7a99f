"""The situations of docs/reference/situations.md: as a scenario, and as a call in a test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fakefal.engine.controls import Controls
from fakefal.scenario.builder import ExchangeBuilder
from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.files.loader import load_data
from fakefal.scenario.model.defaults import ScenarioDefaults
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.model.scenario import Exchange
from fakefal.testing.fixture import FakeFal

ENDPOINT = "fal-ai/any-llm"
TEXT = "Ship it."
OUTCOMES = {"text", "error", "output", "fail", "preset", "kind"}

FIRST_RELEASE = frozenset(
    {
        *(1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 21, 23, 24, 27, 28, 29, 30, 31, 32),
        *(33, 35, 36, 37, 38, 42, 43, 47, 48, 49, 50, 52, 54, 57, 59, 60),
    }
)
"""Those that are asserted with both clients."""


@dataclass(frozen=True)
class Situation:
    """One row: ``scenario`` and ``python`` are empty for what the fake does by itself.

    ``answers`` are those of the receiver, if the talk is about webhooks.
    """

    n: int
    title: str
    grade: str
    flow: str
    scenario: str = ""
    python: str = ""
    answers: tuple[int, ...] = ()

    @property
    def data(self) -> dict[str, Any]:
        """The whole scenario, as a file would hold it."""
        written: dict[str, Any] = yaml.safe_load(self.scenario) if self.scenario else {}
        exchange: dict[str, Any] = {"when": {"endpoint": "fal-ai/*"}}
        if "replies" in written:
            exchange["replies"] = written.pop("replies")
        else:
            reply = written.pop("reply", {})
            exchange["reply"] = reply if OUTCOMES & reply.keys() else {"text": TEXT, **reply}
        return {"fakefal": 1, "exchanges": [exchange], **written}

    @property
    def loaded(self) -> LoadedScenario:
        """The scenario made ready."""
        return load_data(self.data, f"situation {self.n}")

    def configure(self, controls: Controls) -> None:
        """Make it what a tenant meets."""
        loaded = self.loaded
        controls.update(loaded.scenario)
        for index, exchange in enumerate(loaded.scenario.exchanges):
            controls.put_exchange(index, exchange)


SITUATIONS = [
    Situation(**{**row, "answers": tuple(row.get("answers", ()))})
    for row in yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
]


class Recorded(FakeFal):
    """The test's object without a server: it records the calls made on it."""

    def __init__(self) -> None:
        self.report: list[ScenarioDefaults] = []

    def _change(self, **data: Any) -> None:
        self.report.append(ScenarioDefaults.model_validate(data))


def built(situation: Situation) -> tuple[list[Reply], list[ScenarioDefaults]]:
    """What the call of the builder makes: replies, or circumstances."""
    made: list[Exchange] = []
    builder = ExchangeBuilder({"endpoint": "fal-ai/*"}, made.append)
    fake = Recorded()
    eval(situation.python, {"fakefal": fake, "on": builder})
    return (made[-1].replies or [] if made else []), fake.report
