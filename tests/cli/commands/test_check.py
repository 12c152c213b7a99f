from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import BAD, GOOD, ROOT, fakefal
from tests.engine.calls.test_schema_calls import write_schema

TWO = GOOD + "  - when: {endpoint: fal-ai/flux/dev}\n    reply: {output: {images: []}}\n"
WRONG_TWICE = """\
fakefal: 1
exchanges:
  - when: {endpoint: fal-ai/any-llm}
    reply:
      text: Ship it.
      timeline: [IN_QUEUE: {for: soon}]
    tmies: 2
"""


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(text, encoding="utf-8")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "count"),
    [(GOOD, "1 exchange"), (TWO, "2 exchanges"), ("fakefal: 1\nexchanges: []\n", "0 exchanges")],
)
def test_a_valid_file_is_listed_with_its_exchanges(here: Path, text: str, count: str) -> None:
    write(here, tagline_yaml=text)
    assert fakefal("check", "tagline.yaml") == (0, f"tagline.yaml: ok, {count}\n", "")


def test_a_problem_is_printed_with_its_position(here: Path) -> None:
    write(here, tagline_yaml=BAD)
    ran = fakefal("check", "tagline.yaml")
    assert (ran.code, ran.out) == (2, "")
    first, last = ran.err.splitlines()
    assert first.startswith("tagline.yaml:4:13: exchanges[0].reply.texd: ")
    assert 'did you mean "text"' in first
    assert last == "1 problem"


def test_all_problems_of_a_file_are_printed_in_order(here: Path) -> None:
    write(here, tagline_yaml=WRONG_TWICE)
    ran = fakefal("check", "tagline.yaml")
    duration, key, last = ran.err.splitlines()
    assert ran.code == 2
    assert "exchanges[0].reply.timeline[0].IN_QUEUE.for: " in duration
    assert '"soon" is not a duration' in duration
    assert duration.startswith("tagline.yaml:6:")
    assert key.startswith("tagline.yaml:7:5: exchanges[0].tmies: ")
    assert last == "2 problems"


def test_all_files_are_checked_even_if_one_has_problems(here: Path) -> None:
    write(here, a_yaml=GOOD, b_yaml=BAD, c_yml=TWO, d_json='{"fakefal": 1, "exchanges": [}')
    ran = fakefal("check", "a.yaml", "b.yaml", "c.yml", "d.json", "e.yaml")
    assert ran.code == 2
    assert ran.out == "a.yaml: ok, 1 exchange\nc.yml: ok, 2 exchanges\n"
    b, d, e, last = ran.err.splitlines()
    assert b.startswith("b.yaml:4:13: ")
    assert d.startswith("d.json:1:30: ")
    assert e == "e.yaml: no such file — check the path"
    assert last == "3 problems"


def test_a_folder_stands_for_its_scenarios_sorted_by_name(here: Path) -> None:
    inner = here / "scenarios" / "inner"
    inner.mkdir(parents=True)
    write(inner.parent, b_yaml=GOOD, a_json='{"fakefal": 1, "exchanges": []}', notes_txt="no")
    write(inner, c_yml=TWO)
    assert fakefal("check", "scenarios") == (
        0,
        f"{Path('scenarios/a.json')}: ok, 0 exchanges\n"
        f"{Path('scenarios/b.yaml')}: ok, 1 exchange\n"
        f"{Path('scenarios/inner/c.yml')}: ok, 2 exchanges\n",
        "",
    )


def test_an_empty_folder_is_an_error(here: Path) -> None:
    (here / "empty").mkdir()
    ran = fakefal("check", "empty")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == ("empty: no scenario in this folder — it has no .yaml, .yml or .json file\n")


def test_a_schema_in_the_folder_is_not_a_scenario(here: Path) -> None:
    write(here, a_yaml=GOOD)
    (here / "scenario.schema.json").write_text(fakefal("schema").out, encoding="utf-8")
    assert fakefal("check", here) == (0, f"{here / 'a.yaml'}: ok, 1 exchange\n", "")


def test_the_examples_are_valid() -> None:
    ran = fakefal("check", ROOT / "scenarios")
    assert (ran.code, ran.err) == (0, "")
    assert "quickstart.yaml: ok, " in ran.out


STALE = """\
fakefal: 1
exchanges:
  - when: {endpoint: fal-ai/trellis, input: {seed: 1}}
    reply: {output: {model_mesh: {url: 5}, size: 3}}
  - when: {endpoint: fal-ai/trellis}
    reply: {output: {model_mesh: {file: mesh.glb}, timings: {total: "{{ input.seed }}"}}}
"""


def test_outputs_that_their_model_could_not_return_are_warnings(here: Path) -> None:
    write(here, stale_yaml=STALE)
    (here / "mesh.glb").write_bytes(b"glTF")
    write_schema(here / "schemas", "fal-ai/trellis")
    problem = (
        "stale.yaml:4:40: exchanges[0].reply.output.model_mesh.url: expected a string, "
        "by the schema of fal-ai/trellis\n"
    )
    ran = fakefal("check", "stale.yaml")
    assert ran == (0, "stale.yaml: ok, 2 exchanges\n", f"warning: {problem}")
    ran = fakefal("check", "--strict", "stale.yaml")
    assert (ran.code, ran.err) == (2, f"warning: {problem}")


def test_schemas_of_another_folder_are_named(here: Path) -> None:
    write(here, stale_yaml=STALE.replace("url: 5", "url: x"))
    (here / "mesh.glb").write_bytes(b"glTF")
    write_schema(here / "elsewhere", "fal-ai/trellis")
    ran = fakefal("check", "stale.yaml", "--schemas", "elsewhere")
    assert "exchanges[0].reply.output.size: the model has no such field" in ran.err


def test_a_broken_description_is_a_problem(here: Path) -> None:
    write(here, tagline_yaml=GOOD)
    (here / "schemas").mkdir()
    (here / "schemas" / "bad.json").write_text('{"swagger": "2.0"}')
    ran = fakefal("check", "tagline.yaml")
    assert ran.code == 2
    assert 'schemas/bad.json: not an OpenAPI description — it begins with "openapi"' in ran.err
