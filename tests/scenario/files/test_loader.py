"""Finding, reading and writing scenario files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from fakefal.errors import ScenarioError
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.scenario.files.loader import (
    dump_data,
    dump_text,
    find_files,
    load_all,
    load_data,
    load_file,
    load_scenario,
    load_text,
)
from fakefal.scenario.model.scenario import Scenario
from tests.scenario.file_strategies import FILES, SCENARIOS
from tests.scenario.strategies import Data

SMALL = "fakefal: 1\nexchanges:\n  - id: a\n    reply: {text: hi}\n  - {}\n"


@given(SCENARIOS)
def test_a_scenario_written_as_yaml_is_loaded_unchanged(scenario: Scenario) -> None:
    assert load_text(dump_text(scenario), "s.yaml").scenario == scenario


@given(SCENARIOS)
def test_a_scenario_written_as_json_is_loaded_unchanged(scenario: Scenario) -> None:
    assert load_text(json.dumps(dump_data(scenario)), "s.json").scenario == scenario


@given(SCENARIOS)
def test_a_scenario_is_loaded_unchanged_from_its_model_and_its_data(scenario: Scenario) -> None:
    assert load_scenario(scenario).scenario == scenario
    assert load_data(dump_data(scenario)).scenario == scenario


@given(FILES)
def test_written_data_has_only_the_fields_that_were_set(data: Data) -> None:
    def keys(value: Any) -> Any:
        return {key: keys(inner) for key, inner in value.items()} if isinstance(value, dict) else 0

    dumped = dump_data(Scenario.model_validate(data))
    assert keys(dumped.get("options")) == keys(data.get("options"))
    assert set(dumped) == set(data)


@given(SCENARIOS)
def test_every_exchange_is_compiled_in_order(scenario: Scenario) -> None:
    loaded = load_scenario(scenario)
    assert [exchange.model for exchange in loaded.exchanges] == scenario.exchanges


def test_yaml_and_json_files_load_equally(tmp_path: Path) -> None:
    one, other = tmp_path / "a.yaml", tmp_path / "a.json"
    one.write_text(SMALL)
    other.write_text('{"fakefal": 1, "exchanges": [{"id": "a", "reply": {"text": "hi"}}, {}]}')
    assert load_file(one).scenario == load_file(other).scenario


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert len(load_file(path).exchanges) == 2


def test_windows_line_endings_do_not_matter() -> None:
    windows = load_text(SMALL.replace("\n", "\r\n"), "s.yaml")
    assert windows.scenario == load_text(SMALL, "s.yaml").scenario
    assert windows.exchanges[1].location == "s.yaml:5"


def test_an_exchange_has_its_line_as_location() -> None:
    assert [exchange.location for exchange in load_text(SMALL, "s.yaml").exchanges] == [
        "s.yaml:3",
        "s.yaml:5",
    ]


def test_an_exchange_from_data_has_no_location() -> None:
    (exchange,) = load_data({"fakefal": 1, "exchanges": [{}]}).exchanges
    assert exchange.location == ""


def test_a_problem_in_data_has_no_line() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_data({"fakefal": 1, "exchanges": [{"times": 0}]}, "load(…)")
    assert str(caught.value) == "load(…): exchanges[0].times: 0 is too small — at least 1"


def test_the_format_can_be_chosen() -> None:
    assert load_text('{"fakefal": 1, "name": "\\ud83d\\ude00"}', is_json=True).scenario.name == "😀"
    assert load_text("fakefal: 1", "s.json", is_json=False).scenario.fakefal == 1


def test_a_scenario_without_exchanges_is_valid() -> None:
    assert load_text("fakefal: 1").exchanges == ()


def test_an_endpoint_with_a_dash_matches_its_normal_form() -> None:
    exchange = load_text("fakefal: 1\nexchanges: [{when: {endpoint: 123-app}}]").exchanges[0]
    endpoint = parse_endpoint("123/app")
    assert endpoint is not None
    assert exchange.condition.endpoint is not None
    assert exchange.condition.endpoint.matches(endpoint.text)


def test_the_scenarios_of_a_folder_are_sorted_by_name_and_others_ignored(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.yaml", "a.json", "c.yml", "d.txt", "sub/a.yaml"):
        (tmp_path / name).write_text("fakefal: 1")
    names = [path.relative_to(tmp_path).as_posix() for path in find_files([tmp_path])]
    assert names == ["a.json", "b.yaml", "c.yml", "sub/a.yaml"]


def test_a_schema_beside_the_scenarios_is_not_a_scenario(tmp_path: Path) -> None:
    for name in ("a.json", "scenario.schema.json"):
        (tmp_path / name).write_text('{"fakefal": 1}')
    assert find_files([tmp_path]) == [tmp_path / "a.json"]


def test_a_named_file_is_loaded_whatever_its_extension(tmp_path: Path) -> None:
    path = tmp_path / "scenario.txt"
    path.write_text(SMALL)
    assert find_files([path]) == [path]
    (loaded,) = load_all([path])
    assert loaded.file == str(path)


def test_files_are_loaded_in_the_given_order(tmp_path: Path) -> None:
    names = ["b.yaml", "a.yaml"]
    for name in names:
        (tmp_path / name).write_text(f"fakefal: 1\nname: {name}")
    loaded = load_all(tmp_path / name for name in names)
    assert [one.scenario.name for one in loaded] == names
