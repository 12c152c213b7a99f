from __future__ import annotations

import logging

import pytest
from aiohttp import web

from tests.callers import running_caller, send_bytes
from tests.server.raw_http import SCENARIO, http, is_nginx_page, parse_responses


async def test_mistakes_of_callers_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with running_caller(SCENARIO) as caller:
        for request in (
            b"GARBAGE\r\n\r\n",
            http(b"Content-Encoding: gzip", body=b"nonsense"),
            http(b"Transfer-Encoding: chunked", body=b"2\r\n{}\r\nzz\r\n"),
        ):
            (response,) = parse_responses(await send_bytes(caller.server, request))
            assert response.status == 400
    assert not [record for record in caplog.records if record.name.startswith("fakefal")]


async def test_a_failure_outside_the_handler_is_a_500_of_fals_shape_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("our fault")

    async with running_caller(SCENARIO) as caller:
        monkeypatch.setattr("fakefal.server.http.handler.write_buffered", fail)
        (response,) = parse_responses(await send_bytes(caller.server, http()))
    assert (response.status, response.json) == (500, {"detail": "Internal Server Error"})
    assert "our fault" in caplog.text


async def test_an_unreadable_request_gets_a_page_in_http_1_1_and_a_close() -> None:
    async with running_caller(SCENARIO) as caller:
        (response,) = parse_responses(await send_bytes(caller.server, b"hello\r\n\r\n" + http()))
        assert (response.version, response.status, is_nginx_page(response)) == (
            "HTTP/1.1",
            400,
            True,
        )
        assert response.headers["connection"] == "close"


async def test_an_unknown_method_is_journalled_without_a_key() -> None:
    async with running_caller(SCENARIO) as caller:
        seen: list[tuple[str, int, str]] = []
        caller.server.engine.add_listener(
            lambda entry: seen.append((entry.kind, entry.status, entry.note))
        )
        (response,) = parse_responses(await send_bytes(caller.server, http(method=b"BREW")))
        assert seen == [("refused", 405, "BREW /fal-ai/any-llm: Method Not Allowed")]
        assert response.request_id


def test_the_connection_factory_is_a_server_of_aiohttp() -> None:
    from fakefal.server.http.connection import ConnectionFactory

    assert issubclass(ConnectionFactory, web.Server)
