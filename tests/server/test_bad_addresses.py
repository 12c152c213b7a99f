"""Invalid addresses, keys and headers, case by case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fakefal.addressing import NO_HOST_MESSAGE
from tests.cases import failures
from tests.server.raw_http import (
    RunningServer,
    http,
    is_journaled,
    is_nginx_page,
    running_server,
    send_request,
)


@pytest.fixture(scope="module")
def target() -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


# Addresses


@pytest.mark.parametrize(
    "host", [b"", b"[[[:::", b"\xe9\xff", b"a" * 5000, b"fal.run/evil", b"a@fal.run", b"..", b":1"]
)
def test_an_absurd_host_names_no_fal_host(target: RunningServer, host: bytes) -> None:
    response = send_request(target, http(host=host))
    assert (response.status, response.json, response.request_id) == (
        404,
        {"detail": NO_HOST_MESSAGE},
        "",
    )


@pytest.mark.parametrize("host", [b"\xff", b"a{host}b", b'"quoted"', b"a b", b"x:99999999"])
def test_links_contain_only_valid_url_characters(target: RunningServer, host: bytes) -> None:
    response = send_request(target, http(host=host, path=b"/queue.fal.run/fal-ai/any-llm"))
    assert response.status == 200
    url = response.json["status_url"]
    assert url.startswith("http://")
    assert url.isascii()
    assert " " not in url


@pytest.mark.parametrize(
    ("host", "base"),
    [(b"queue.fal.run:99999999", "https://queue.fal.run"),
     (b"queue.fal.run:abc", "https://queue.fal.run"),
     ("queue.fal.run:٣".encode(), "https://queue.fal.run"),
     (b"queue.fal.run:8443", "http://queue.fal.run:8443")],
)  # fmt: skip
def test_an_invalid_port_is_omitted_from_links(
    target: RunningServer, host: bytes, base: str
) -> None:
    assert send_request(target, http(host=host)).json["status_url"].startswith(f"{base}/fal-ai/")


@pytest.mark.parametrize(
    "url",
    [b"http://[bad", b"fal.run", b"https://fal.run:99999999/x/y", b"\xff", b"ftp://fal.run/a"],
)
def test_an_invalid_target_url_names_no_fal_host(target: RunningServer, url: bytes) -> None:
    response = send_request(target, http(b"x-fal-target-url: " + url, host=b"localhost"))
    assert response.status == 412
    assert response.json["detail"].startswith("Invalid x-fal-target-url: ")


@pytest.mark.parametrize(
    "path", [b"/fal-ai/\xe9", "/fal-ai/é".encode(), b"/fal-ai/a%20b", b"/a/%3F"]
)
def test_an_odd_name_leads_back_to_its_request(target: RunningServer, path: bytes) -> None:
    url = b"https://queue.fal.run" + path
    response = send_request(target, http(b"x-fal-target-url: " + url, host=b"localhost"))
    assert response.status == 200
    back = response.json["status_url"].encode()
    again = send_request(
        target, http(b"x-fal-target-url: " + back, method=b"GET", body=b"", host=b"localhost")
    )
    assert (again.status, again.json["request_id"]) == (202, response.request_id)


def test_the_first_of_several_forwarded_hosts_is_used(target: RunningServer) -> None:
    for hosts in (b"queue.fal.run, proxy.example", b"queue.fal.run:443 , fal.run"):
        response = send_request(target, http(b"X-Forwarded-Host: " + hosts, host=b"localhost"))
        assert response.json["status"] == "IN_QUEUE"
    assert send_request(target, http(b"X-Forwarded-Host: a, fal.run", host=b"x")).status == 404


@pytest.mark.parametrize("path", [b"/../../etc/passwd", b"/fal-ai/..", b"/./x", b"/fal-ai", b"//"])
def test_an_invalid_app_path_is_fals_404(target: RunningServer, path: bytes) -> None:
    response = send_request(target, http(path=path))
    assert response.status == 404
    assert response.body == b"404: Not Found" or "not found" in response.json["detail"]
    assert is_journaled(target, response)


def test_a_fragment_is_not_part_of_the_path(target: RunningServer) -> None:
    assert "reasoning" in send_request(target, http(path=b"/fal-ai/any-llm#x")).json


@pytest.mark.parametrize("query", [b"?fal_webhook=%ff%zz%", b"?%00=%", b"?&&==&", b"?a=\x7f"])
def test_a_broken_query_is_read_as_far_as_it_goes(target: RunningServer, query: bytes) -> None:
    response = send_request(target, http(path=b"/fal-ai/any-llm" + query))
    assert response.status == 200 or is_nginx_page(response)


# Keys and headers


@pytest.mark.parametrize("key", [None, b"", b"Key", b"Key  ", b"Basic abc", b"\xff", b"Key\xa0a:b"])
def test_an_invalid_key_is_fals_401(target: RunningServer, key: bytes | None) -> None:
    response = send_request(target, http(key=key))
    assert response.status == 401
    assert response.json["detail"].startswith('Cannot access application "fal-ai/any-llm".')
    assert is_journaled(target, response)


@pytest.mark.parametrize("key", [b"Key \xff\xfe:x", b"Key " + b"a" * 50_000, b"bearer \xe9"])
def test_an_odd_key_is_a_key(target: RunningServer, key: bytes) -> None:
    assert send_request(target, http(key=key)).status == 200


MALFORMED_HEADERS = [
    (b"X-Fal-Queue-Priority", b"\xff"),
    (b"X-Fal-Request-Timeout", b"soon"),
    (b"X-Fal-No-Retry", b"perhaps"),
    (b"X-Fal-Retry-Config", b"{"),
    (b"X-Fal-Object-Lifecycle-Preference", b"[]"),
    (b"X-Fal-Store-IO", b"2"),
]


@pytest.mark.parametrize("host", [b"fal.run", b"queue.fal.run"])
def test_a_malformed_platform_header_is_fals_400(target: RunningServer, host: bytes) -> None:
    def check(header: bytes, value: bytes) -> None:
        response = send_request(target, http(header + b": " + value, host=host))
        assert (response.status, response.json["error_type"]) == (400, "bad_request")
        assert response.json["detail"].startswith(f"Invalid {header.decode()} header: ")
        assert response.headers["x-fal-error-type"] == "bad_request"
        assert is_journaled(target, response)

    assert failures(check, MALFORMED_HEADERS) == []


@pytest.mark.parametrize("value", [b"-1", b"ten", b"1.5", b"", b"9" * 100])
def test_an_invalid_queue_length_is_fals_400(target: RunningServer, value: bytes) -> None:
    path = b"/fal-ai/any-llm?fal_max_queue_length=" + value
    response = send_request(target, http(path=path, host=b"queue.fal.run"))
    assert (response.status, response.json["error_type"]) == (400, "bad_request")
    assert send_request(target, http(path=path)).status == 200


def test_invalid_utf8_does_not_break_responses_or_the_journal(target: RunningServer) -> None:
    assert send_request(target, http(b"x-odd: caf\xe9")).status == 200
    journal = send_request(
        target, http(method=b"GET", path=b"/_fakefal/journal", body=b"", host=b"localhost")
    )
    assert any(entry.get("headers", {}).get("x-odd") == "café" for entry in journal.json)
    preflight = http(
        b"Origin: \xff", b"Access-Control-Request-Method: POST",
        b"Access-Control-Request-Headers: \xe9", method=b"OPTIONS", body=b"",
    )  # fmt: skip
    assert send_request(target, preflight).status == 200


# The control API


@pytest.mark.parametrize(
    "body", [b"{", b"[" * 100_000, b'{"by":1e400}', b'{"by":' + b"9" * 4000 + b"}", b"\xff",
             b'{"by":-5}', b'{"by":"' + b"9" * 5000 + b's"}', b'{"by":[]}', b'{"by":"\\ud800"}'],
)  # fmt: skip
def test_the_control_api_says_what_is_wrong(target: RunningServer, body: bytes) -> None:
    response = send_request(
        target, http(path=b"/_fakefal/clock/advance", body=body, host=b"localhost")
    )
    assert response.status == 400
    assert response.json["detail"]
