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
from tests.scenario.strategies import FILES, SCENARIOS, Data

SMALL = "fakefal: 1\nexchanges:\n  - id: a\n    reply: {text: hi}\n  - {}\n"


@given(SCENARIOS)
def test_a_scenario_written_as_yaml_loads_as_the_same(scenario: Scenario) -> None:
    assert load_text(dump_text(scenario), "s.yaml").scenario == scenario


@given(SCENARIOS)
def test_a_scenario_written_as_json_loads_as_the_same(scenario: Scenario) -> None:
    assert load_text(json.dumps(dump_data(scenario)), "s.json").scenario == scenario


@given(SCENARIOS)
def test_a_scenario_loads_from_its_model_and_its_data_as_the_same(scenario: Scenario) -> None:
    assert load_scenario(scenario).scenario == scenario
    assert load_data(dump_data(scenario)).scenario == scenario


@given(FILES)
def test_what_is_written_has_only_what_was_set(data: Data) -> None:
    def keys(value: Any) -> Any:
        return {key: keys(inner) for key, inner in value.items()} if isinstance(value, dict) else 0

    dumped = dump_data(Scenario.model_validate(data))
    assert keys(dumped.get("options")) == keys(data.get("options"))
    assert set(dumped) == set(data)


@given(SCENARIOS)
def test_every_exchange_becomes_an_entry_in_order(scenario: Scenario) -> None:
    loaded = load_scenario(scenario)
    assert [entry.model for entry in loaded.exchanges] == scenario.exchanges


def test_a_file_in_yaml_and_one_in_json_mean_the_same(tmp_path: Path) -> None:
    one, other = tmp_path / "a.yaml", tmp_path / "a.json"
    one.write_text(SMALL)
    other.write_text('{"fakefal": 1, "exchanges": [{"id": "a", "reply": {"text": "hi"}}, {}]}')
    assert load_file(one).scenario == load_file(other).scenario


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert len(load_file(path).exchanges) == 2


def test_line_ends_of_windows_do_not_matter() -> None:
    windows = load_text(SMALL.replace("\n", "\r\n"), "s.yaml")
    assert windows.scenario == load_text(SMALL, "s.yaml").scenario
    assert windows.exchanges[1].location == "line 5 of s.yaml"


def test_an_entry_knows_the_line_of_its_exchange() -> None:
    assert [entry.location for entry in load_text(SMALL, "s.yaml").exchanges] == [
        "line 3 of s.yaml",
        "line 5 of s.yaml",
    ]


def test_an_entry_that_came_as_data_has_no_line() -> None:
    assert [entry.location for entry in load_data({"fakefal": 1, "exchanges": [{}]}).exchanges] == [
        ""
    ]


def test_a_mistake_in_data_has_no_line() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_data({"fakefal": 1, "exchanges": [{"times": 0}]}, "load(…)")
    assert str(caught.value) == "load(…): exchanges[0].times: 0 is too small — at least 1"


def test_what_the_format_is_may_be_said() -> None:
    assert load_text('{"fakefal": 1, "name": "\\ud83d\\ude00"}', is_json=True).scenario.name == "😀"
    assert load_text("fakefal: 1", "s.json", is_json=False).scenario.fakefal == 1


def test_a_scenario_without_exchanges_is_right() -> None:
    assert load_text("fakefal: 1").exchanges == ()


def test_a_reply_that_lasts_is_found_by_its_call() -> None:
    entry = load_text("fakefal: 1\nexchanges: [{when: {endpoint: 123-app}}]").exchanges[0]
    endpoint = parse_endpoint("123/app")
    assert endpoint is not None
    assert entry.condition.endpoint is not None
    assert entry.condition.endpoint.matches(endpoint.text)


def test_the_files_of_a_folder_come_by_name_and_others_are_left(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.yaml", "a.json", "c.yml", "d.txt", "sub/a.yaml"):
        (tmp_path / name).write_text("fakefal: 1")
    found = [path.relative_to(tmp_path).as_posix() for path in find_files([tmp_path])]
    assert found == ["a.json", "b.yaml", "c.yml", "sub/a.yaml"] == sorted(found)


def test_a_schema_that_lies_beside_the_scenarios_is_none(tmp_path: Path) -> None:
    for name in ("a.json", "scenario.schema.json"):
        (tmp_path / name).write_text('{"fakefal": 1}')
    assert find_files([tmp_path]) == [tmp_path / "a.json"]


def test_a_file_that_is_named_is_taken_whatever_its_ending(tmp_path: Path) -> None:
    path = tmp_path / "scenario.txt"
    path.write_text(SMALL)
    assert find_files([path]) == [path]
    (loaded,) = load_all([path])
    assert loaded.file == str(path)


def test_files_come_in_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    names = ["b.yaml", "a.yaml"]
    for name in names:
        (tmp_path / name).write_text(f"fakefal: 1\nname: {name}")
    loaded = load_all(tmp_path / name for name in names)
    assert [each.scenario.name for each in loaded] == names
