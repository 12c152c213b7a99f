from __future__ import annotations

import pytest

from fakefal.errors import FakefalError
from fakefal.recorder.importers.importer import guess_format, read_foreign


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"log": {"entries": []}}', "har"),
        ('{"interactions": [], "version": 1}', "vcr"),
        ("interactions:\n- request: {}\nversion: 1\n", "vcr"),
        ('{"fixtures": []}', "aimock"),
        ("> GET / HTTP/1.1\n", "curl"),
        ("=> Send header, 1 bytes\n", "curl"),
        ('{"detail": "x"}', "body"),
        ("[1]", "body"),
        ("hello", None),
    ],
)
def test_a_format_is_guessed_from_the_content(text: str, expected: str | None) -> None:
    assert guess_format(text) == expected


def test_an_unknown_or_wrong_format_is_an_error() -> None:
    with pytest.raises(FakefalError, match=r"x\.txt: unknown file format — pass --format"):
        read_foreign("hello", "x.txt")
    with pytest.raises(FakefalError, match=r"x\.txt: not har: no log with entries"):
        read_foreign("{}", "x.txt", "har")
    assert read_foreign('{"n": 1}', "x.txt")[0] == "body"
