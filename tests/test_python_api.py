"""docs/reference/python-api.md is what the docstrings say."""

from __future__ import annotations

import runpy

import fakefal
from tests.source_tree import ROOT

WRITER = runpy.run_path(str(ROOT / "docs" / "write_python_api.py"))


def test_the_page_is_made_from_the_docstrings() -> None:
    assert WRITER["PAGE"].read_text(encoding="utf-8") == WRITER["page"]()


def test_every_public_name_is_on_the_page() -> None:
    page = WRITER["page"]()
    assert [name for name in fakefal.__all__ if f"\n### {name}\n" not in page] == []


def test_every_public_member_says_what_it_is() -> None:
    rows = [line for line in WRITER["page"]().splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("| |") and ": " not in row] == []
