"""How texts of streams are split, and fields left out of events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fakefal.scenario.compiled.reply import Pacing
from fakefal.scenario.render.chunking import omit_fields, omit_from_events, split_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text(
    " \n\tab", max_size=9
)
PACINGS = st.sampled_from(
    [Pacing(), Pacing("char"), Pacing("line"), Pacing(count=1), Pacing(count=3), Pacing(count=40)]
)


@given(TEXT, PACINGS)
def test_the_joined_pieces_are_the_text(text: str, pacing: Pacing) -> None:
    pieces = split_text(text, pacing)
    assert "".join(pieces) == text
    assert pieces


@given(st.lists(TEXT, max_size=5))
def test_listed_chunks_are_the_pieces(chunks: list[str]) -> None:
    pieces = split_text("".join(chunks), Pacing(chunks=tuple(chunks)))
    assert pieces == (chunks or [""])


def test_a_text_is_split_by_word_char_line_or_count() -> None:
    table: list[tuple[str, Pacing, list[str]]] = [
        ("Ship it now.\n", Pacing(), ["Ship", " it", " now.\n"]),
        ("  a  b", Pacing(), ["  a", "  b"]),
        (" \n", Pacing(), [" \n"]),
        ("", Pacing(), [""]),
        ("ab", Pacing("char"), ["a", "b"]),
        ("", Pacing("char"), [""]),
        ("a\n\nb", Pacing("line"), ["a\n", "\n", "b"]),
        ("", Pacing("line"), [""]),
        ("abcdefg", Pacing(count=3), ["abc", "de", "fg"]),
        ("a", Pacing(count=3), ["a", "", ""]),
    ]
    wrong = []
    for text, pacing, pieces in table:
        if split_text(text, pacing) != pieces:
            wrong.append((text, pacing, split_text(text, pacing)))
    assert wrong == []


def test_fields_are_left_out_of_objects() -> None:
    assert omit_fields({"a": 1, "b": {"a": 2}}, ("a",)) == {"b": {"a": 2}}
    assert list(omit_from_events([{"a": 1, "b": 2}, "text", {"a": 3}], ("a",))) == [
        {"b": 2},
        "text",
        {},
    ]
