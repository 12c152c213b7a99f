"""Invalid scenario files and the exact lines that users read.

``problems.txt`` is a table: each file begins with ``====`` and its format; the lines after it that
begin with ``>>>`` are the error.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fakefal.errors import FakefalError, ScenarioError
from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.files.loader import find_files, load_all, load_file, load_text
from tests.scenario.files.test_yaml_errors import PYYAML_VERSIONS


def error_lines(text: str, name: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load_text(text, name)
    return str(caught.value).split("\n")


def table() -> list[tuple[str, str, list[str]]]:
    """Format, text and expected lines of each wrong file in the table."""
    content = (Path(__file__).parent / "problems.txt").read_text(encoding="utf-8")
    rows = []
    for block in content.split("==== ")[1:]:
        kind, *lines = block.splitlines()
        text = "\n".join(line for line in lines if not line.startswith(">>> "))
        rows.append((kind, text, [line[4:] for line in lines if line.startswith(">>> ")]))
    return rows


TABLE = table()


def comparable(lines: list[str]) -> list[str]:
    """The lines; without the text of YAML syntax errors if this PyYAML is newer than the table.

    ``test_yaml_errors`` pins the text for the messages of the versions known so far.
    """
    if yaml.__version__ in PYYAML_VERSIONS:
        return lines
    return [line.partition("not valid YAML: ")[0] for line in lines]


def test_every_file_of_the_table_has_its_lines() -> None:
    wrong = []
    for kind, text, lines in TABLE:
        actual = error_lines(text, f"s.{kind}")
        if comparable(actual) != comparable(lines):
            wrong.append((text, actual, lines))
    assert wrong == []


def test_the_table_has_many_different_files() -> None:
    assert len(TABLE) > 100
    assert len({(kind, text) for kind, text, _ in TABLE}) == len(TABLE)


@pytest.mark.parametrize("name", ["s.yaml", "s.json"])
@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 61 + "]" * 61])
def test_too_deep_nesting_is_an_error_and_does_not_crash(text: str, name: str) -> None:
    (line,) = error_lines(text, name)
    assert line.startswith(f"{name}:1:")
    assert line.endswith(
        ": nested deeper than 60 levels — flatten the value, or put it in a string"
    )


def test_a_bomb_of_aliases_is_an_error_before_it_is_expanded() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    assert error_lines(f"fakefal: 1\na0: &a0 x\n{levels}", "s.yaml") == [
        "s.yaml:2:5: more than 200000 values, aliases counted — write fewer aliases, or split the "
        "file"
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"fakefal: 1\nname: \xff", "not UTF-8 text (byte 17) — save the file as UTF-8"),
        ("fakefal: 1".encode("utf-16"), "not UTF-8 text (byte 0) — save the file as UTF-8"),
        (b"x" * 20_000_001, "larger than 20 MB — split the file"),
    ],
    ids=["latin", "utf-16", "large"],
)
def test_a_file_that_is_not_text_is_an_error_with_its_name(
    tmp_path: Path, content: bytes, line: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load_file(path)
    assert str(caught.value) == f"{path}: {line}"


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "nope.yaml"
    with pytest.raises(ScenarioError) as caught:
        load_file(path)
    assert str(caught.value) == f"{path}: no such file — check the path"


def test_a_folder_in_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_file(tmp_path)
    assert str(caught.value) == f"{tmp_path}: is a folder — name a file"


def test_a_name_that_no_file_can_have_is_an_error() -> None:
    with pytest.raises(ScenarioError, match="cannot be read: not a valid file name — check"):
        load_file("a\0b.yaml")


def test_a_folder_without_scenarios_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "readme.md").write_text("x")
    with pytest.raises(FakefalError) as caught:
        find_files([tmp_path])
    assert str(caught.value) == (
        f"{tmp_path}: no scenario in this folder — it has no .yaml, .yml or .json file"
    )


def test_the_problems_of_all_files_are_reported_together(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("fakefal: 2\nname: 5")
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(ScenarioError) as caught:
        load_all([tmp_path, tmp_path / "c.yaml"])
    positions = [str(problem).split(": ")[0] for problem in caught.value.problems]
    names = ["a.yaml:1:10", "a.yaml:2:7", "b.json:1:1", "c.yaml"]
    assert positions == [str(tmp_path / name) for name in names]


PARTS = st.sampled_from(
    [
        *("fakefal: 1\n", "exchanges:\n", "  - when:\n", "  - reply:\n", "      text: ", "[", "]"),
        *("{", "}", "'", '"', "&a", "*a", "<<: ", "- ", ": ", "!x ", "|\n", "{{ x }}", "{% if %}"),
        *("timeline: [", "IN_QUEUE: {for: ", "fail: {", "input: {$any: [", "$regex: '('", "# x\n"),
        *("\n", "\t", ", ", "1", "1e999", ".nan", "null", "\x00", "\ud800", "é", "\u2028", "\\d"),
    ]
)
TEXTS = st.lists(PARTS | st.text(max_size=4), max_size=14).map("".join)


def lines_of(load: Callable[[], LoadedScenario]) -> list[str]:
    """The error of a file; nothing if it loads."""
    try:
        assert load().scenario.fakefal == 1
    except ScenarioError as error:
        return str(error).split("\n")
    return []


@given(TEXTS, st.sampled_from(["s.yaml", "s.json"]))
@example("fakefal: []", "s.yaml")
@example('{"fakefal": {}}', "s.json")
@example("fakefal: 1\nexchanges: [{reply: {stream: {chunks: ['{{', x]}}}]", "s.yaml")
def test_any_text_loads_or_has_an_error(text: str, name: str) -> None:
    lines = lines_of(lambda: load_text(text, name))
    assert [line for line in lines if not line.startswith(f"{name}:")] == []


@given(st.binary(max_size=40) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_load_or_have_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    lines = lines_of(lambda: load_file(path))
    assert [line for line in lines if not line.startswith(f"{path}:")] == []
