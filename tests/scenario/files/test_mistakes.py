"""Wrong scenario files, and the exact lines that their writers read.

``mistakes.txt`` is a table: each file begins with ``====`` and its format, and after it stand the
lines that tell what is wrong, behind ``>>>``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fakefal.errors import FakefalError, ScenarioError
from fakefal.scenario.files.loader import LoadedScenario, find_files, load_all, load_file, load_text


def told(text: str, name: str) -> list[str]:
    """The lines that the writer of a wrong file reads."""
    with pytest.raises(ScenarioError) as caught:
        load_text(text, name)
    return str(caught.value).split("\n")


def table() -> list[tuple[str, str, list[str]]]:
    """Format, text and expected lines of each wrong file in the table."""
    written = (Path(__file__).parent / "mistakes.txt").read_text(encoding="utf-8")
    found = []
    for block in written.split("==== ")[1:]:
        kind, *lines = block.splitlines()
        text = "\n".join(line for line in lines if not line.startswith(">>> "))
        found.append((kind, text, [line[4:] for line in lines if line.startswith(">>> ")]))
    return found


TABLE = table()


@pytest.mark.parametrize(("kind", "text", "lines"), TABLE, ids=lambda value: str(value)[-40:])
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(
    kind: str, text: str, lines: list[str]
) -> None:
    assert told(text, f"s.{kind}") == lines


def test_the_table_has_many_kinds_of_mistakes_and_each_once() -> None:
    assert len(TABLE) > 100
    assert len({(kind, text) for kind, text, _ in TABLE}) == len(TABLE)


@pytest.mark.parametrize("name", ["s.yaml", "s.json"])
@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 61 + "]" * 61])
def test_too_deep_a_nesting_is_told_and_crashes_nothing(text: str, name: str) -> None:
    (line,) = told(text, name)
    assert line.startswith(f"{name}:1:")
    assert line.endswith(
        ": nested deeper than 60 levels — flatten the value, or put it in a string"
    )


def test_a_bomb_of_aliases_is_told_before_it_goes_off() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    assert told(f"fakefal: 1\na0: &a0 x\n{levels}", "s.yaml") == [
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
def test_a_file_that_is_no_text_is_told_by_its_name(
    tmp_path: Path, content: bytes, line: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load_file(path)
    assert str(caught.value) == f"{path}: {line}"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nope.yaml"
    with pytest.raises(ScenarioError) as caught:
        load_file(path)
    assert str(caught.value) == f"{path}: no such file — check the path"


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_file(tmp_path)
    assert str(caught.value) == f"{tmp_path}: is a folder — name a file"


def test_a_name_that_no_file_can_have_is_told() -> None:
    with pytest.raises(ScenarioError, match=r"cannot be read: .*embedded null .* — check the path"):
        load_file("a\0b.yaml")


def test_a_folder_without_scenarios_is_told(tmp_path: Path) -> None:
    (tmp_path / "readme.md").write_text("x")
    with pytest.raises(FakefalError) as caught:
        find_files([tmp_path])
    assert str(caught.value) == (
        f"{tmp_path}: no scenario in this folder — it holds no .yaml, .yml or .json file"
    )


def test_the_mistakes_of_all_files_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("fakefal: 2\nname: 5")
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(ScenarioError) as caught:
        load_all([tmp_path, tmp_path / "c.yaml"])
    places = [str(mistake).split(": ")[0] for mistake in caught.value.problems]
    names = ["a.yaml:1:10", "a.yaml:2:7", "b.json:1:1", "c.yaml"]
    assert places == [str(tmp_path / name) for name in names]


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
    """What is told of a file; nothing if it loads."""
    try:
        assert load().scenario.fakefal == 1
    except ScenarioError as error:
        return str(error).split("\n")
    return []


@given(TEXTS, st.sampled_from(["s.yaml", "s.json"]))
@example("fakefal: []", "s.yaml")
@example('{"fakefal": {}}', "s.json")
@example("fakefal: 1\nexchanges: [{reply: {stream: {chunks: ['{{', x]}}}]", "s.yaml")
def test_any_text_loads_or_is_told_what_is_wrong(text: str, name: str) -> None:
    lines = lines_of(lambda: load_text(text, name))
    assert [line for line in lines if not line.startswith(f"{name}:")] == []


@given(st.binary(max_size=40) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_load_or_are_told_what_is_wrong(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    lines = lines_of(lambda: load_file(path))
    assert [line for line in lines if not line.startswith(f"{path}:")] == []
