from __future__ import annotations

from fakefal.scenario.matching.texts import (
    close_name,
    common_prefix,
    describe_lack,
    describe_long,
    is_short,
    window,
)
from tests.cases import failures

LONG = "The quick brown fox jumps over the lazy dog. " * 50


def test_long_texts_show_a_window_around_the_first_difference() -> None:
    changed = LONG[:1000] + "CHANGED" + LONG[1000:]
    assert describe_long(changed, LONG) == (
        'differs at character 1001: is …"lazy dog. The quick CHANGEDbrown fox jumps over the lazy '
        'dog"…, wanted …"lazy dog. The quick brown fox jumps over the lazy dog. The q"… '
        "(2257 and 2250 characters)"
    )
    assert describe_long("Ship", "Ship it.").startswith("differs at character 5: is ")
    assert describe_long("a\nb", "a\nc").startswith('differs at character 3: is "a\\nb"')


def test_a_window_is_marked_where_the_text_continues() -> None:
    def check(text: str, at: int, shown: str) -> None:
        assert window(text, at) == shown

    cases = [
        ("short", 0, '"short"'),
        ("x" * 100, 0, f'"{"x" * 40}"…'),
        ("x" * 100, 99, f'…"{"x" * 21}"'),
    ]
    assert failures(check, cases) == []


def test_a_text_that_lacks_a_needle_shows_what_it_has_instead() -> None:
    def check(text: str, needle: str, hint: str) -> None:
        assert describe_lack(text, needle) == hint

    cases = [
        ("write a Tagline", "tagline", '; letter case differs: it has "Tagline" at character 9'),
        ("write a tagl ine", "tagline", '; nearest at character 9: "write a tagl ine"'),
        ("write a slogan", "tagline", ""),
        ("", "tagline", ""),
    ]
    assert failures(check, cases) == []


def test_a_name_that_is_nearly_the_same_is_found() -> None:
    def check(name: str, names: list[str], close: str) -> None:
        assert close_name(name, names) == close

    cases = [
        ("promt", ["seed", "prompt"], "prompt"),
        ("imageUrl", ["image_url"], "image_url"),
        ("image-url", ["image_url"], "image_url"),
        ("x", ["prompt"], ""),
        ("x", [], ""),
    ]
    assert failures(check, cases) == []


def test_prefixes_and_short_texts() -> None:
    assert [common_prefix("abc", "abd"), common_prefix("ab", "abc"), common_prefix("", "x")] == [
        2,
        2,
        0,
    ]
    assert is_short("x" * 80)
    assert not is_short("x" * 81)
