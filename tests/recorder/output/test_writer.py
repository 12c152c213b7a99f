from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakefal.errors import FakefalError
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.output.writer import Writer, append_exchanges, check_name, folder_of
from fakefal.scenario.files.loader import dump_data, load_file, load_text
from fakefal.scenario.files.yaml_text import read_yaml, write_blocks
from tests.recorder.distil.test_distil import JSONS, OBJECTS
from tests.recorder.sessions import KEY, distil_captures, make_capture, make_request, make_run

PICTURE = (("Content-Type", "image/png"),)


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
  digest: sha256-56bd104fc5a2cf65
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
        if pair[0] != pair[1] and "digest:" not in pair[0]
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
    old = written(path, make_run(body="old"))
    redactor = Redactor()
    redactor.learn(KEY, "the key")
    distilled = distil_captures(make_run(body="x"))
    distilled.files = {"a.files/x.bin": KEY.encode()}
    with pytest.raises(FakefalError, match="the key"):
        Writer(path, redactor).write(distilled)
    assert path.read_text() == old
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


async def test_a_file_that_changes_during_the_recording_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    written(path, make_run(body="old"))
    writer = Writer(path, Redactor())
    distilled = distil_captures(make_run(body="new"))
    writer.write(distilled)
    path.write_text("edited meanwhile")
    with pytest.raises(FakefalError, match="was changed by another program during the recording"):
        writer.finish(distilled)
    assert path.read_text() == "edited meanwhile"
    assert "new" in (tmp_path / "a.yaml.part").read_text()
    (tmp_path / "a.yaml.part").write_text("edited too")
    with pytest.raises(FakefalError, match=r"a\.yaml\.part was changed by another program"):
        writer.write(distilled)


def test_an_exchange_that_is_not_valid_is_left_out_and_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    distilled = distil_captures(make_run(body="x"))
    distilled.scenario["exchanges"].append({"id": "bad", "replies": []})
    Writer(path, Redactor()).finish(distilled)
    assert len(load_file(path).exchanges) == 1
    assert len(distilled.notes) == 1
    assert distilled.notes[0].startswith("bad: it would not be valid: ")
    assert f"# Not recorded: {distilled.notes[0]}" in path.read_text()


SMALL = [{}, {"reply": {"output": None}}, {"reply": {"output": 5}}, {"reply": {"output": []}}]


@pytest.mark.parametrize("exchanges", [[it] for it in SMALL] + [SMALL])
def test_small_exchanges_are_written_too(exchanges: list[Any], tmp_path: Path) -> None:
    """YAML puts a short list on the line of its key, where the writer once lost it."""
    distilled = distil_captures(make_run(body="x"))
    distilled.scenario["exchanges"] = exchanges
    Writer(tmp_path / "a.yaml", Redactor()).finish(distilled)
    assert dump_data(load_file(tmp_path / "a.yaml").scenario)["exchanges"] == exchanges


def test_files_of_a_backup_stay(tmp_path: Path) -> None:
    picture = make_capture(
        1, make_request("GET", "v3b.fal.media", "/files/x.png"), 200, b"old", PICTURE
    )
    url = {"url": "https://v3b.fal.media/files/x.png"}
    path = tmp_path / "a.yaml"
    Writer(path, Redactor()).finish(
        distil_captures(make_run(0, None, url), picture, folder="a.files")
    )
    (old,) = (tmp_path / "a.files").iterdir()
    for _ in range(2):
        Writer(path, Redactor()).finish(distil_captures(make_run(body="x")))
        assert old.exists() == ("old" not in path.read_text() and _ == 0)
