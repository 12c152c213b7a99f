from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import fal_client
import pytest
from hypothesis import example, given, settings

from fakefal import FakeFal, FakefalError, absent, any_of, contains, regex, running_fake
from fakefal.engine.engine import Engine
from fakefal.scenario.files.loader import load_file, load_scenario
from fakefal.scenario.model.scenario import Scenario
from fakefal.settings import Settings
from fakefal.testing.scripting.export import export_scenario, write_scenario
from tests.scenario.file_strategies import SCENARIOS


def test_a_dump_loads_equal_and_answers_the_same(fakefal: FakeFal, tmp_path: Path) -> None:
    fakefal.on("fal-ai/any-llm", prompt=contains("tag"), model=absent()).fail(
        "runner_disconnected"
    ).then.text("Ship {{ count }}.").stream(by="char", every="20ms").timeline(
        {"IN_QUEUE": {"position": 2, "for": "90s"}}, "IN_PROGRESS"
    ).webhook("twice").faults(status=["nginx-502", "ok"]).times(3)
    fakefal.on("a/*", via=["run"], n=any_of(1, regex("2"))).output({"a": [1, None]}).once()
    fakefal.load({"fakefal": 1, "exchanges": [{"id": "loaded", "reply": {"kind": "images"}}]})
    fakefal.options(subpath="refuse-405")
    fakefal.account(concurrency=3)
    path = fakefal.dump(tmp_path / "inner" / "x.yaml")
    assert path.read_text().startswith("fakefal: 1\n")
    assert load_file(path).scenario == fakefal.scenario
    with running_fake(path, unused="ignore") as again:
        assert again.scenario == fakefal.scenario
        assert fal_client.run("a/b", {"n": 1}) == {"a": [1, None]}


def test_files_of_outputs_are_written_beside_a_dump(
    fakefal: FakeFal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "from" / "images").mkdir(parents=True)
    (tmp_path / "from" / "images" / "cat.txt").write_text("miaow")
    monkeypatch.chdir(tmp_path / "from")
    fakefal.on("a/b").output({"f": {"file": "images/cat.txt"}})
    path = fakefal.dump(tmp_path / "to" / "x.yaml")
    assert (tmp_path / "to" / "images" / "cat.txt").read_text() == "miaow"
    assert fakefal.dump(path) == path
    (tmp_path / "to" / "images" / "cat.txt").write_text("woof")
    with pytest.raises(FakefalError, match="would overwrite another file"):
        fakefal.dump(path)


def test_functions_cannot_be_dumped_and_all_are_named(fakefal: FakeFal, tmp_path: Path) -> None:
    fakefal.on("a/b").text("fine")
    fakefal.on("a/c", prompt=lambda prompt: True).text(lambda call: "x")
    with pytest.raises(FakefalError) as caught:
        fakefal.dump(tmp_path / "x.yaml")
    text = str(caught.value)
    assert "exchanges[1].when.input.prompt: the function <lambda> (test_export.py:" in text
    assert "is a predicate — use contains(…), regex(…)" in text
    assert "exchanges[1]: the function <lambda> (test_export.py:" in text
    assert not (tmp_path / "x.yaml").exists()
    with pytest.raises(FakefalError, match=r"scenarios are dumped as YAML — use x\.yaml"):
        fakefal.dump(tmp_path / "x.json")


@settings(max_examples=40)
@given(scenario=SCENARIOS)
@example(scenario=Scenario.model_validate({"fakefal": 1, "faults": {"submit": "unknown-app"}}))
def test_any_scenario_survives_a_dump(scenario: Scenario, tmp_path_factory: Any) -> None:
    tenant = Engine(Settings(), [load_scenario(scenario)]).reset_tenant("a:b")
    once = export_scenario(tenant)
    path = tmp_path_factory.mktemp("dump") / "x.yaml"
    write_scenario(once, path, {})
    again = Engine(Settings(), [load_file(path)]).reset_tenant("a:b")
    assert export_scenario(again) == once
    assert replace(again.settings, raw={}) == replace(tenant.settings, raw={})
