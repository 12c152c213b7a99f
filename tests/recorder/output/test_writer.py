from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakefal.errors import FakefalError
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.output.writer import (
    Writer,
    append_exchanges,
    check_name,
    folder_of,
    write_atomically,
)
from fakefal.scenario.files.loader import dump_data, load_file, load_text
from fakefal.scenario.files.yaml_text import read_yaml, write_blocks
from tests.recorder.distil.test_distil import JSONS, OBJECTS
from tests.recorder.sessions import KEY, distil_captures, make_run


def written(path: Path, *captures: Any) -> str:
    Writer(path, Redactor()).write(distil_captures(*captures))
    return path.read_text(encoding="utf-8")


@settings(max_examples=100, deadline=None)
@given(JSONS)
def test_written_yaml_loads_as_the_same_value(value: Any) -> None:
    text = write_blocks({"value": value})
    source = read_yaml(text, "x.yaml")
    assert source.problems == []
    assert source.data == {"value": value}


@settings(max_examples=60, deadline=None)
@given(st.lists(OBJECTS, max_size=3), JSONS)
def test_a_written_recording_loads_as_distilled(inputs: list[Any], output: Any) -> None:
    distilled = distil_captures(
        *(make_run(n, input_, output) for n, input_ in enumerate(inputs) if output is not None)
    )
    text = Writer(Path("a.yaml"), Redactor()).text(distilled)
    loaded = load_text(text, "a.yaml", is_json=False)
    assert dump_data(loaded.scenario)["exchanges"] == dump_data_of(distilled.scenario)


def dump_data_of(data: dict[str, Any]) -> Any:
    from fakefal.scenario.files.loader import load_data

    return dump_data(load_data(data).scenario)["exchanges"]


def test_a_file_is_readable(tmp_path: Path) -> None:
    text = written(
        tmp_path / "a.yaml", make_run(0, {"prompt": "x"}, {"text": "one\ntwo\n", "n": [1, 2]})
    )
    assert (
        text
        == """\
# A recording of https://fal.run on 2026-09-21, made by fakefal 0.
# Edit it like any scenario; `fakefal check` finds mistakes.
fakefal: 1
recorded:
  at: '2026-09-21T14:13:20Z'
  source: https://fal.run
  fakefal: "0"
  clients: [tests/1]
options: {unmatched: fail, validate: false}
exchanges:
  - id: acme/app 1
    when:
      endpoint: acme/app
      via: run
      input: {$eq: {prompt: x}}
    reply:
      output:
        text: |
          one
          two
        n: [1, 2]

"""
    )


def test_one_difference_changes_one_line(tmp_path: Path) -> None:
    first = written(tmp_path / "a.yaml", make_run(0, {"a": 1}, "x"), make_run(1, {"b": 2}, "y"))
    second = written(tmp_path / "b.yaml", make_run(0, {"a": 1}, "x"), make_run(1, {"b": 2}, "z"))
    differing = [
        pair
        for pair in zip(first.splitlines(), second.splitlines(), strict=True)
        if pair[0] != pair[1]
    ]
    assert differing == [("    reply: {output: y}", "    reply: {output: z}")]


def test_exchanges_are_appended_and_comments_stay(tmp_path: Path) -> None:
    old = "# mine\nfakefal: 1\nexchanges:\n- id: acme/app 1  # this\n  when: {endpoint: acme/app}\n"
    added = distil_captures(make_run(0, {"a": 1}, "x")).scenario["exchanges"]
    extended = append_exchanges(old, added, "a.yaml")
    assert extended.startswith(old.rstrip("\n"))
    ids = [exchange.model.id for exchange in load_text(extended, "a.yaml", is_json=False).exchanges]
    assert ids == ["acme/app 1", "acme/app 2"]


@pytest.mark.parametrize(
    "old",
    [
        "fakefal: 1\n",
        "fakefal: 1\nexchanges: []\n",
        "exchanges: [{reply: {text: a}}]\nfakefal: 1\n",
    ],
)
def test_exchanges_can_be_appended_to_any_scenario(old: str) -> None:
    added = distil_captures(make_run(0, {"a": 1}, "x")).scenario["exchanges"]
    before = len(load_text(old, "a.yaml", is_json=False).exchanges)
    after = load_text(append_exchanges(old, added, "a.yaml"), "a.yaml", is_json=False)
    assert len(after.exchanges) == before + 1


def test_the_old_file_stays_if_a_secret_would_be_written(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("old")
    redactor = Redactor()
    redactor.learn(KEY, "the key")
    distilled = distil_captures(make_run(body="x"))
    distilled.files = {"a.files/x.bin": KEY.encode()}
    with pytest.raises(FakefalError, match="the key"):
        Writer(path, redactor).write(distilled)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.yaml"]


def test_an_unwritable_path_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FakefalError, match=r"cannot be written: .* — choose another path"):
        write_atomically(tmp_path / "file" / "a.yaml", b"x")


@pytest.mark.parametrize("has_unnamed_files", [True, False])
def test_a_file_is_replaced_atomically(
    has_unnamed_files: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_unnamed_files:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    path = tmp_path / "a.yaml"
    (tmp_path / ".a.yaml.new").write_text("left by a run that died")
    for data in (b"one", b"two"):
        write_atomically(path, data)
        assert path.read_bytes() == data
    path.chmod(0o600)
    write_atomically(path, b"three")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["a.yaml"]


@pytest.mark.parametrize("name", ["a.json", "a", "a.yaml.part"])
def test_a_recording_needs_a_yaml_name(name: str) -> None:
    with pytest.raises(FakefalError, match="a recording is a YAML file — name it"):
        check_name(Path(name))
    check_name(Path("a.yml"))


def test_files_are_stored_in_a_folder_beside_it(tmp_path: Path) -> None:
    assert folder_of(tmp_path / "session.test.yaml") == "session.files"
    written(tmp_path / "a.yaml", make_run(body="x"))
    assert load_file(tmp_path / "a.yaml").exchanges
