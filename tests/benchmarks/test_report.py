"""The table of the benchmarks: medians, ranges, the worst first, and the page that holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.report import END, START, Figure, Missing, miss_factor, summarize, table, write


def test_the_figure_furthest_from_its_target_comes_first() -> None:
    figures = [
        Figure("met", 1.0, 2.0),
        Figure("a little slow", 0.9, 1.0, at_least=True),
        Figure("far too long", 120.0, 6.0, unit="ms"),
    ]
    names = [summary.median.name for summary in summarize(figures)]
    assert names == ["far too long", "a little slow", "met"]


def test_half_the_speed_misses_as_much_as_twice_the_time() -> None:
    assert miss_factor(Figure("speed", 0.5, 1.0, at_least=True)) == 2
    assert miss_factor(Figure("time", 20, 10, unit="ms")) == 2


def test_a_row_shows_median_range_target_and_verdict() -> None:
    figures = [Figure("runs", value, 0.95, at_least=True) for value in (0.9, 1.0, 0.8)]
    (summary,) = summarize(figures)
    assert summary.row() == "| runs | 0.90 | 0.80 to 1.00 | ≥ 0.95 | **missed**, 1.06 |  |"


def test_what_could_not_be_measured_is_listed_once() -> None:
    text = table([], [Missing("peer", "needs npm"), Missing("peer", "needs npm")], "Measured.")
    assert text.count("- peer: needs npm") == 1


def test_writing_replaces_the_results_and_leaves_the_rest(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"# Title\n\n{START}\nold\n{END}\n\n## After\n")
    write("new", page)
    assert page.read_text() == f"# Title\n\n{START}\n\nnew\n\n{END}\n\n## After\n"


def test_a_page_without_a_place_for_results_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("# Title\n")
    with pytest.raises(ValueError, match="no place for results"):
        write("new", page)
