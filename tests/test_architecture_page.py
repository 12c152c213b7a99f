"""ARCHITECTURE.md agrees with the code: its diagram, its table, its paths, its words."""

from __future__ import annotations

import re
import runpy

from tests.source_tree import PACKAGE, ROOT
from tests.test_architecture import MAY_IMPORT

TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_diagram_is_drawn_from_the_table_of_the_job() -> None:
    drawn = runpy.run_path(str(ROOT / "docs" / "draw_job_states.py"))["diagram"]()
    assert f"```mermaid\n{drawn}\n```" in section("The state of a job")


def test_every_path_that_is_named_exists() -> None:
    paths = re.findall(r"`([\w/]+(?:\.(?:py|md|yaml|json)|/))(?:\s[^`]*)?`", TEXT)
    homes = (ROOT, PACKAGE, *(path for path in PACKAGE.iterdir() if path.is_dir()))
    missing = [
        path
        for path in paths
        if path != "/_fakefal/" and not any((home / path).exists() for home in homes)
    ]
    assert missing == []


def test_every_package_is_in_the_table_of_layers() -> None:
    rows = section("Layers")
    assert [part for part in MAY_IMPORT if f"`{part}" not in rows] == []


def test_the_glossary_stays_short() -> None:
    words = re.findall(r"^\| ([^|]+) \|", section("Words"), re.MULTILINE)[1:]
    assert len(words) <= 60
    assert len(words) == len(set(words))
