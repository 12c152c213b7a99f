"""A scenario that was loaded."""

from __future__ import annotations

from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.model.scenario import Scenario


def test_a_scenario_has_no_files_unless_its_outputs_refer_to_some() -> None:
    scenario = Scenario.model_validate({"fakefal": 1})
    assert LoadedScenario("s.yaml", scenario, ()).assets == {}
