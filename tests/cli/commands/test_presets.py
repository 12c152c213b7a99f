from __future__ import annotations

import pytest

from fakefal.protocol.errors.catalog import CATALOG
from fakefal.scenario.model.faults import FAULT_DESCRIPTIONS
from fakefal.scenario.presets.registry import PRESETS
from tests.cli.running import fakefal


def names(*words: str) -> list[str]:
    """The first word of each listed line, without titles."""
    ran = fakefal("presets", *words)
    assert (ran.code, ran.err) == (0, "")
    return [line.split()[0] for line in ran.out.splitlines() if line.startswith("  ")]


def test_every_name_is_listed_once() -> None:
    expected = [*PRESETS, *(name.replace("_", "-") for name in CATALOG), *FAULT_DESCRIPTIONS]
    assert sorted(names()) == sorted(expected)


def test_every_line_has_a_description() -> None:
    lines = [line for line in fakefal("presets").out.splitlines() if line.startswith("  ")]
    assert all(len(line.split()) > 2 for line in lines)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["stuck"], ["stuck-in-queue", "stuck-in-progress"]),
        (["STUCK", "progress"], ["stuck-in-progress"]),
        (["503", "disconnected"], ["runner-disconnected"]),
        (["nginx", "413"], ["nginx-413"]),
    ],
)
def test_words_filter_lines(words: list[str], expected: list[str]) -> None:
    assert names(*words) == expected


def test_the_titles_say_how_to_use_the_names() -> None:
    titles = [line for line in fakefal("presets").out.splitlines() if not line.startswith(" ")]
    assert titles[0] == "presets in a reply (preset: NAME)"
    assert "ingress errors (fail: NAME)" in titles
    assert titles[-1] == "faults (faults: {operation: [WORD]})"


def test_words_that_match_no_line_are_reported() -> None:
    assert fakefal("presets", "no", "such", "thing") == (
        0,
        "no line contains all of these words\n",
        "",
    )
