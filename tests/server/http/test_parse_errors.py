from __future__ import annotations

import pytest
from aiohttp.http import HttpVersion
from aiohttp.http_exceptions import (
    BadHttpMessage,
    ContentEncodingError,
    LineTooLong,
    TransferEncodingError,
)
from aiohttp.web import RequestPayloadError

from fakefal.protocol.errors.errors import WireError
from fakefal.server.http.parse_errors import (
    FIELD_BYTES,
    LINE_BYTES,
    check_version,
    refused_body,
    refused_request,
)


@pytest.mark.parametrize(
    ("error", "message", "status"),
    [
        (LineTooLong(b"/aaa", LINE_BYTES), "Got more", 414),
        (LineTooLong(b"/aaa", str(LINE_BYTES)), "Got more", 414),
        (LineTooLong(b"/aaa", FIELD_BYTES), "Got more", 431),
        (BadHttpMessage("Too many headers received"), "Too many headers received", 431),
        (BadHttpMessage("x"), "Invalid char in url:\n\n  b'POST /\\xe9 HTTP/1.1'\n  ^", 400),
        (BadHttpMessage("x"), "Invalid method encountered:\n\n  b'brew / HTTP/1.1'\n  ^", 400),
        (BadHttpMessage("x"), "Invalid method encountered:\n\n  b'BR'\n  ^", 400),
        (None, "", 400),
    ],
)
def test_what_cannot_be_read_is_a_page(
    error: BaseException | None, message: str, status: int
) -> None:
    what, refused = refused_request(error, message)
    assert (what, refused.status, refused.identified) == ("", status, False)
    assert "\n" not in refused.note


def test_a_method_that_nobody_knows_reaches_fal() -> None:
    message = "Invalid method encountered:\n\n  b'BREW /pot HTTP/1.1'\n     ^"
    what, refused = refused_request(BadHttpMessage(message), message)
    assert what == "BREW /pot"
    assert (refused.status, refused.body) == (405, {"detail": "Method Not Allowed"})
    assert refused.identified


def test_an_encoding_that_is_not_there_is_told_as_the_app_does() -> None:
    what, refused = refused_request(ContentEncodingError("no brotli"), "no brotli")
    assert what
    assert refused.body == {"detail": "There was an error parsing the body"}
    assert (refused.note, refused.identified) == ("no brotli", True)


def test_broken_chunks_are_the_load_balancers_and_broken_packing_the_apps() -> None:
    broken = RequestPayloadError("broken")
    broken.__cause__ = TransferEncodingError("bad chunk")
    assert not refused_body(broken).identified
    assert not refused_body(TransferEncodingError("bad chunk")).identified
    assert refused_body(RequestPayloadError("bad gzip")).identified


def test_a_long_reason_is_cut() -> None:
    _, refused = refused_request(None, "x" * 1000)
    assert len(refused.note) == 200


@pytest.mark.parametrize(("version", "status"), [((2, 0), 505), ((3, 1), 505), ((0, 9), 400)])
def test_other_versions_are_not_spoken(version: tuple[int, int], status: int) -> None:
    with pytest.raises(WireError) as caught:
        check_version(HttpVersion(*version))
    assert caught.value.status == status


@pytest.mark.parametrize("version", [(1, 0), (1, 1)])
def test_ours_are(version: tuple[int, int]) -> None:
    check_version(HttpVersion(*version))
