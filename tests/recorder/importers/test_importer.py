from __future__ import annotations

import pytest

from fakefal.errors import FakefalError
from fakefal.recorder.importers.importer import guess_format, read_foreign


@pytest.mark.parametrize(
    ("text", "found"),
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
def test_a_format_is_known_by_what_it_holds(text: str, found: str | None) -> None:
    assert guess_format(text) == found


def test_what_is_not_known_is_told() -> None:
    with pytest.raises(FakefalError, match=r"x\.txt: what this is is not known — give a HAR"):
        read_foreign("hello", "x.txt")
    with pytest.raises(FakefalError, match=r"x\.txt: not har: it has no log with entries"):
        read_foreign("{}", "x.txt", "har")
    assert read_foreign('{"n": 1}', "x.txt")[0] == "body"
