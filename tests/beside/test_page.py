"""docs/beside.md: its recipes run as they stand, and its table names the tested versions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.beside.plugins import version_of
from tests.beside.running import run_beside
from tests.source_tree import ROOT

PAGE = (ROOT / "docs" / "beside.md").read_text(encoding="utf-8")
PLUGINS = (
    *("pytest_socket", "pytest_httpx", "pytest_recording.plugin", "pytest_subprocess.fixtures"),
    "respx.plugin",
)


@pytest.mark.slow
def test_the_recipes_of_the_page_pass(tmp_path: Path) -> None:
    recipes = re.findall(r"^```py\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for number, recipe in enumerate(recipes):
        (tmp_path / f"test_recipe_{number}.py").write_text(recipe, encoding="utf-8")
    options = [word for plugin in PLUGINS for word in ("-p", plugin)]
    ended = run_beside(tmp_path, "", *options)
    assert f"{len(recipes)} passed" in ended.text.splitlines()[-1], ended.text


def test_the_table_names_the_versions_that_are_tested() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", PAGE, re.MULTILINE)
    named = {name.strip(): version.strip() for name, version in rows}
    numbered = {name: version for name, version in named.items() if version[:1].isdigit()}
    assert len(numbered) >= 18
    assert {name: version_of(name) for name in numbered} == numbered
