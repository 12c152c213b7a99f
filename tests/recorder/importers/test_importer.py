from __future__ import annotations

import pytest

from fakefal.errors import FakefalError
from fakefal.recorder.importers.importer import decode_file, read_foreign


def test_an_unknown_or_wrong_format_is_an_error() -> None:
    with pytest.raises(FakefalError, match=r"x\.txt: unknown file format — what can be imported"):
        read_foreign("hello", "x.txt")
    with pytest.raises(FakefalError, match=r"x\.txt: JSON, but not of fal .* --format body"):
        read_foreign('{"n": 1}', "x.txt")
    with pytest.raises(FakefalError, match=r"x\.txt: not har: no log .* — leave out --format"):
        read_foreign("{}", "x.txt", "har")
    assert read_foreign('{"n": 1}', "x.txt", "body")[0] == "body"


def test_a_response_that_need_not_be_of_fal_is_not_used_unless_it_is_said_to_be() -> None:
    text = 'HTTP/2 200\ncontent-type: application/json\n\n{"n": 1}\n'
    _, imported = read_foreign(text, "x.txt")
    assert imported.pasted == []
    assert imported.unused == [
        "x.txt:1: not known to be a response of fal's — pass --format http if it is"
    ]
    assert len(read_foreign(text, "x.txt", "http")[1].pasted) == 1
    known = text.replace("content-type", "x-fal-request-id: 1\ncontent-type")
    assert len(read_foreign(known, "x.txt")[1].pasted) == 1


def test_the_text_of_a_file_may_be_utf_16() -> None:
    assert decode_file("\ufeffhé".encode(), "x") == "hé"
    assert decode_file("hé".encode("utf-16"), "x") == "hé"  # as PowerShell's > writes it
    for data in (b"\xff\xfe\xff", b"\xff\xff"):
        with pytest.raises(FakefalError, match="cannot read x: not UTF-8 text"):
            decode_file(data, "x")
