"""Invalid requests, case by case: status, shape and headers of the response."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import pytest

from fakefal.settings import Limits
from tests.cases import failures
from tests.libraries import needs_current_aiohttp
from tests.server.raw_http import (
    GOOD,
    RunningServer,
    exchange_bytes,
    http,
    is_healthy,
    is_journaled,
    is_nginx_page,
    parse_responses,
    running_server,
    send_request,
)

BODY_BYTES = 11_000_000


@pytest.fixture(scope="module")
def target() -> Iterator[RunningServer]:
    with running_server(limits=Limits(body_bytes=BODY_BYTES)) as server:
        yield server


# Bodies that the app rejects

DEEP = b"[" * 100_000
NOT_JSON = {
    "text": (b"nonsense", 0, "Expecting value"),
    "cut": (b'{"a":', 5, "Expecting value"),
    "more": (b"{} {}", 3, "Extra data"),
    "bad UTF-8": (b'{"prompt":"\xff"}', 11, "invalid unicode"),
    "open depths": (DEEP, 0, "recursion limit exceeded"),
    "depths": (DEEP + b"]" * 100_000, 0, "recursion limit exceeded"),
    "depths of objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 0, "recursion limit"),
    "1e400": (b'{"prompt":"a","x":[{"y":1e400}]}', 0, "number out of range"),
    "10 MB of digits": (b"1" * 10_000_000, 0, "number out of range"),
    "NaN": (b'{"prompt":NaN}', 0, "expected value"),
    "Infinity": (b'{"prompt":-Infinity}', 0, "invalid number"),
    "half a character": (rb'{"prompt":"\ud800"}', 0, "unexpected end of hex escape"),
    "the other half": (rb'{"prompt":"\udfff"}', 0, "lone leading surrogate"),
    "a raw zero": (b'{"prompt":"\x00"}', 11, "Invalid control character"),
    "a form": (b"prompt=hi", 0, "Expecting value"),
    "a multipart": (b"--x\r\n\r\n--x--", 0, "No number after minus sign|Expecting value"),
}


def test_a_body_that_is_not_json_is_the_apps_422(target: RunningServer) -> None:
    def check(name: str) -> None:
        body, position, reason = NOT_JSON[name]
        response = send_request(target, http(body=body))
        (item,) = response.json["detail"]
        assert response.status == 422
        assert (item["type"], item["loc"]) == ("json_invalid", ["body", position])
        assert (item["msg"], item["input"]) == ("JSON decode error", {})
        assert any(word in item["ctx"]["error"] for word in reason.split("|"))
        assert response.headers["x-fal-billable-units"] == "0"
        assert is_journaled(target, response)

    assert failures(check, NOT_JSON) == []


def test_the_queue_accepts_it_and_reports_it_with_the_result(target: RunningServer) -> None:
    def check(name: str) -> None:
        submitted = send_request(target, http(body=NOT_JSON[name][0], host=b"queue.fal.run"))
        assert (submitted.status, submitted.json["status"]) == (200, "IN_QUEUE")
        path = f"/fal-ai/any-llm/requests/{submitted.request_id}".encode()
        for _ in range(3):
            exchange_bytes(
                target.server, http(method=b"GET", path=path + b"/status", host=b"queue.fal.run")
            )
        read = http(body=b"", method=b"GET", path=path, host=b"queue.fal.run")
        result = send_request(target, read)
        assert (result.status, result.json["detail"][0]["type"]) == (422, "json_invalid")

    assert failures(check, NOT_JSON) == []


@pytest.mark.parametrize(
    ("body", "type_", "loc"),
    [
        (b"", "missing", ["body"]),
        (b"null", "missing", ["body"]),
        (b"[1]", "model_attributes_type", ["body"]),
        (b'"text"', "model_attributes_type", ["body"]),
        (b"1", "model_attributes_type", ["body"]),
        (b"{}", "missing", ["body", "prompt"]),
        (b'{"prompt":"a","temperature":1e300}', "less_than_equal", ["body", "temperature"]),
        (b'{"prompt":"a","temperature":' + b"9" * 4000 + b"}", "float_type", None),
        (b'{"prompt":"a","max_tokens":-' + b"9" * 4000 + b"}", "greater_than_equal", None),
    ],
)
def test_json_that_is_not_an_input_is_the_apps_422(
    target: RunningServer, body: bytes, type_: str, loc: list[str] | None
) -> None:
    response = send_request(target, http(body=body))
    (flaw,) = response.json["detail"]
    assert (response.status, flaw["type"]) == (422, type_)
    assert loc is None or flaw["loc"] == loc
    assert is_journaled(target, response)


@pytest.mark.parametrize(
    "body",
    [
        b'{"prompt":1,"prompt":"the last one counts"}',
        rb'{"prompt":"\u0000"}',
        b'\xef\xbb\xbf{"prompt":"hi"}',
        '{"prompt":"hi"}'.encode("utf-16"),
        '{"prompt":"hi"}'.encode("utf-32-be"),
        b'{"prompt":"hi","x":' + b"[" * 190 + b"]" * 190 + b"}",
    ],
)
def test_json_as_accepted_by_python_is_accepted(target: RunningServer, body: bytes) -> None:
    assert send_request(target, http(body=body)).status == 200


@pytest.mark.parametrize(
    "header",
    [b"Content-Type: text/plain", b"Content-Type: application/x-www-form-urlencoded",
     b"Content-Type: multipart/form-data", b"Content-Type: \xff;;=", b"X-No: type",
     b"Expect: more", b"Content-Encoding: unheard-of"],
)  # fmt: skip
def test_json_is_read_with_any_content_type(target: RunningServer, header: bytes) -> None:
    assert send_request(target, http(header)).status == 200


def test_a_body_over_the_limit_is_a_page_and_the_journal_has_nothing(target: RunningServer) -> None:
    before = len(target.entries)
    for request in (
        http(body=b"x" * (BODY_BYTES + 1)),
        http(b"Content-Encoding: gzip", body=gzip.compress(b"0" * (BODY_BYTES + 1))),
    ):
        (response,) = parse_responses(exchange_bytes(target.server, request))
        assert response.status == 413
        assert is_nginx_page(response)
        assert response.headers["x-fakefal-hint"] == f"the body is over {BODY_BYTES} bytes"
    assert len(target.entries) == before
    assert is_healthy(target)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"gzip", gzip.compress(GOOD, mtime=0)),
        (b"deflate", zlib.compress(GOOD)),
        (b"identity", GOOD),
    ],
)
def test_a_compressed_body_is_decompressed(
    target: RunningServer, encoding: bytes, body: bytes
) -> None:
    assert send_request(target, http(b"Content-Encoding: " + encoding, body=body)).status == 200


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate", b"br", b"zstd"])
def test_an_undecodable_body_is_a_400_of_the_app(target: RunningServer, encoding: bytes) -> None:
    response = send_request(target, http(b"Content-Encoding: " + encoding, body=b"nonsense"))
    assert (response.status, response.json) == (
        400,
        {"detail": "There was an error parsing the body"},
    )
    assert is_journaled(target, response)


# Malformed HTTP

HEADERS_400 = {
    "a negative length": b"Content-Length: -1",
    "a length in letters": b"Content-Length: abc",
    "a length beyond all": b"Content-Length: 99999999999999999999999",
    "an unknown framing": b"Transfer-Encoding: foo",
    "no name": b"Content-Length: 15\r\n: x",
    "a space in a name": b"Content-Length: 15\r\na b: x",
    "no colon": b"Content-Length: 15\r\nabc",
    "a zero byte": b"Content-Length: 15\r\nx-a: a\x00b",
    "a folded line": b"Content-Length: 15\r\nx-a: a\r\n b",
    "two lengths": b"Content-Length: 15\r\nContent-Length: 15",
    "two that differ": b"Content-Length: 15\r\nContent-Length: 16",
    "length and chunks": b"Content-Length: 15\r\nTransfer-Encoding: chunked",
    "two hosts": b"Content-Length: 15\r\nHost: queue.fal.run",
    "a body longer than said": b"Content-Length: 5",
}
PAGES = {
    **{name: (400, http(headers)) for name, headers in HEADERS_400.items()},
    "no host": (400, http(host=None)),
    "a zero in the key": (400, http(key=b"Key a\x00b")),
    "chunks without a size": (400, http(b"Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n")),
    "a chunk too short": (400, http(b"Transfer-Encoding: chunked", body=b"2\r\n{}xx\r\n")),
    "a chunk beyond all": (400, http(b"Transfer-Encoding: chunked", body=b"f" * 20 + b"\r\n")),
    "a zero byte in the path": (400, http(path=b"/fal-ai/any-llm\x00")),
    "raw bytes in the path": (400, http(path=b"/fal-ai/\xe9")),
    "a space in the path": (400, http(path=b"/fal-ai/any llm")),
    "broken percent-encoding": (400, http(path=b"/fal-ai/any%zzllm")),
    "percent at the end": (400, http(path=b"/fal-ai/any-llm%")),
    "an encoded zero": (400, http(path=b"/fal-ai/any-llm%00")),
    "a method in small letters": (400, http(method=b"post")),
    "a method without end": (400, b"A" * 70_000 + b" / HTTP/1.1\r\n\r\n"),
    "line feeds alone": (400, http().replace(b"\r\n", b"\n")),
    "zeros": (400, b"\x00\x01\x02\r\n\r\n"),
    "a TLS hello": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 100),
    "words": (400, b"hello world\r\n\r\n"),
    "HTTP/0.9": (400, b"GET /fal-ai/any-llm\r\n\r\n"),
    "HTTP/9.9": (400, http(version=b"HTTP/9.9")),
    "a preface of HTTP/2": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/2.0": (505, http(version=b"HTTP/2.0")),
    "TRACE": (405, http(method=b"TRACE")),
    "CONNECT": (405, http(method=b"CONNECT", body=b"")),
    "a long line": (414, http(path=b"/" + b"a" * 100_000)),
    "a long query": (414, http(path=b"/fal-ai/any-llm?" + b"/" * 70_000)),
    "a long header": (431, http(b"x-a: " + b"/" * 100_000)),
    "a long name": (431, http(b"x" * 100_000 + b": a")),
    "thousands of headers": (431, http(*(b"x-%d: a" % number for number in range(3_000)))),
}


@needs_current_aiohttp
def test_malformed_http_gets_a_page_of_the_load_balancer(target: RunningServer) -> None:
    def check(name: str) -> None:
        status, request = PAGES[name]
        before = len(target.entries)
        (response,) = parse_responses(exchange_bytes(target.server, request))
        assert (response.version, response.status) == ("HTTP/1.1", status)
        assert is_nginx_page(response)
        assert f"<title>{status} ".encode() in response.body
        assert response.headers["connection"] == "close"
        assert "\n" not in response.headers["x-fakefal-hint"]
        assert len(response.headers["x-fakefal-hint"]) <= 210
        assert len(target.entries) == before
        assert is_healthy(target)

    assert failures(check, PAGES) == []


def test_the_hint_explains_the_error(target: RunningServer) -> None:
    hint = send_request(target, http(b"Content-Length: abc")).headers["x-fakefal-hint"]
    assert hint.startswith("Invalid character in Content-Length:")
    hint = send_request(target, http(b"x-a: " + b"a" * 70_000)).headers["x-fakefal-hint"]
    assert hint == "a header is over 65535 bytes"


@pytest.mark.parametrize("start", [b"", b"2\r\n{}\r\n"])
def test_chunks_that_break_later_get_the_same_page(target: RunningServer, start: bytes) -> None:
    head = http(b"Transfer-Encoding: chunked", body=start, keep_alive=True)
    (response,) = parse_responses(exchange_bytes(target.server, head[:40], head[40:], b"zz\r\n"))
    assert response.status == 400
    assert is_nginx_page(response)
    assert is_healthy(target)


def test_requests_after_a_malformed_one_get_no_response(target: RunningServer) -> None:
    bad = http(b"Content-Length: abc", body=b"", keep_alive=True)
    (response,) = parse_responses(exchange_bytes(target.server, bad + http()))
    assert is_nginx_page(response)
    bad = b"GARBAGE\r\n\r\n" + http()
    good, page = parse_responses(
        exchange_bytes(target.server, http(keep_alive=True), bad, waits=True)
    )
    assert (good.status, is_nginx_page(page)) == (200, True)
    (page,) = parse_responses(
        exchange_bytes(target.server, http(keep_alive=True) + bad)
    )  # aiohttp drops the valid one
    assert is_nginx_page(page)


def test_requests_after_a_rejected_one_get_a_response(target: RunningServer) -> None:
    wrong = [http(body=body, keep_alive=True) for body in (b"zzz", b"[]")]
    wrong.append(http(b"X-Fal-Queue-Priority: high", keep_alive=True))
    wrong.append(http(method=b"DELETE", keep_alive=True))
    responses = parse_responses(exchange_bytes(target.server, b"".join(wrong) + http()))
    assert [response.status for response in responses] == [422, 422, 400, 405, 200]


# Methods


@pytest.mark.parametrize("method", [b"BREW", b"DELETE", b"PATCH", b"PROPFIND", b"M-SEARCH"])
def test_an_unknown_method_is_fals_405(target: RunningServer, method: bytes) -> None:
    response = send_request(target, http(method=method))
    assert (response.status, response.json) == (405, {"detail": "Method Not Allowed"})
    assert is_journaled(target, response)
    noted = [entry.note for entry in target.entries if entry.request_id == response.request_id]
    assert method.decode() in noted[-1]


# HTTP/1.0 and odd framing


def test_http_1_0_gets_an_http_1_0_response(target: RunningServer) -> None:
    response = send_request(target, http(version=b"HTTP/1.0"))
    assert (response.version, response.status) == ("HTTP/1.0", 200)


def test_empty_lines_before_a_request_are_skipped(target: RunningServer) -> None:
    assert send_request(target, b"\r\n\r\n" + http()).status == 200


@needs_current_aiohttp
@pytest.mark.parametrize(
    "request_", [b"", b"POST / HT", http()[:60], http(b"Content-Length: 50"), b"GET /\r\n"]
)
def test_half_a_request_ends_with_its_connection(request_: bytes) -> None:
    with running_server(limits=Limits(idle_timeout_seconds=0.2)) as target:
        assert exchange_bytes(target.server, request_) == b""
        assert is_healthy(target)
        assert [entry.status for entry in target.entries] == [200]
