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

from fakefal.protocol.errors.errors import ApiError
from fakefal.server.http.parse_errors import (
    MAX_FIELD_BYTES,
    MAX_LINE_BYTES,
    check_version,
    error_for_body,
    error_for_request,
)


@pytest.mark.parametrize(
    ("error", "message", "status"),
    [
        (LineTooLong(b"/aaa", MAX_LINE_BYTES), "Got more", 414),
        (LineTooLong(b"/aaa", str(MAX_LINE_BYTES)), "Got more", 414),
        (LineTooLong(b"/aaa", MAX_FIELD_BYTES), "Got more", 431),
        (BadHttpMessage("Too many headers received"), "Too many headers received", 431),
        (BadHttpMessage("x"), "Invalid char in url:\n\n  b'POST /\\xe9 HTTP/1.1'\n  ^", 400),
        (BadHttpMessage("x"), "Invalid method encountered:\n\n  b'brew / HTTP/1.1'\n  ^", 400),
        (BadHttpMessage("x"), "Invalid method encountered:\n\n  b'BR'\n  ^", 400),
        (None, "", 400),
    ],
)
def test_an_unreadable_request_is_a_page(
    error: BaseException | None, message: str, status: int
) -> None:
    what, refused = error_for_request(error, message)
    assert (what, refused.status, refused.has_request_id) == ("", status, False)
    assert "\n" not in refused.hint


def test_an_unknown_method_is_passed_to_fal() -> None:
    message = "Invalid method encountered:\n\n  b'BREW /pot HTTP/1.1'\n     ^"
    what, refused = error_for_request(BadHttpMessage(message), message)
    assert what == "BREW /pot"
    assert (refused.status, refused.body) == (405, {"detail": "Method Not Allowed"})
    assert refused.has_request_id


def test_an_undecodable_body_is_rejected_as_by_the_app() -> None:
    what, refused = error_for_request(ContentEncodingError("no brotli"), "no brotli")
    assert what
    assert refused.body == {"detail": "There was an error parsing the body"}
    assert (refused.hint, refused.has_request_id) == ("no brotli", True)


def test_broken_chunks_are_rejected_by_the_load_balancer_and_broken_encodings_by_the_app() -> None:
    broken = RequestPayloadError("broken")
    broken.__cause__ = TransferEncodingError("bad chunk")
    assert not error_for_body(broken).has_request_id
    assert not error_for_body(TransferEncodingError("bad chunk")).has_request_id
    assert error_for_body(RequestPayloadError("bad gzip")).has_request_id


def test_a_long_reason_is_cut() -> None:
    _, refused = error_for_request(None, "x" * 1000)
    assert len(refused.hint) == 200


@pytest.mark.parametrize(("version", "status"), [((2, 0), 505), ((3, 1), 505), ((0, 9), 400)])
def test_other_versions_are_rejected(version: tuple[int, int], status: int) -> None:
    with pytest.raises(ApiError) as caught:
        check_version(HttpVersion(*version))
    assert caught.value.status == status


@pytest.mark.parametrize("version", [(1, 0), (1, 1)])
def test_http_1_0_and_1_1_are_accepted(version: tuple[int, int]) -> None:
    check_version(HttpVersion(*version))
