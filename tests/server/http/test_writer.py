"""Responses as bytes: the head, and which headers a scenario may set."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakefal.server.http.connection import printable
from tests.building import exchange, scenario
from tests.callers import running_caller, send_bytes
from tests.handlers.upload_requests import request_url, upload_file


def with_headers(**headers: str) -> dict[str, Any]:
    return scenario(exchange({"text": "Ship it.", "headers": headers}))


async def test_a_response_names_its_server_and_no_library() -> None:
    async with running_caller(with_headers()) as caller:
        answer = await caller.run("fal-ai/any-llm")
        assert answer.headers.getall("Server") == ["fakefal"]
        assert answer.headers["Date"].endswith(" GMT")


async def test_a_scripted_header_is_sent_unchanged() -> None:
    async with running_caller(
        with_headers(**{"x-runner": "a1", "X-Fal-Served-From": "café"})
    ) as caller:
        answer = await caller.run("fal-ai/any-llm")
        assert answer.headers["x-runner"] == "a1"
        assert answer.headers["X-Fal-Served-From"] == "café"


@pytest.mark.parametrize("name", ["Content-Type", "x-fal-request-id", "X-Fal-Billable-Units"])
async def test_a_scripted_header_overrides_the_default_one(name: str) -> None:
    async with running_caller(with_headers(**{name: "77"})) as caller:
        answer = await caller.run("fal-ai/any-llm")
        assert answer.headers.getall(name) == ["77"]


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Connection", "Server"])
async def test_framing_headers_cannot_be_scripted(name: str) -> None:
    async with running_caller(with_headers(**{name: "77"})) as caller:
        answer = await caller.run("fal-ai/any-llm")
        assert "77" not in answer.headers.getall(name, [])
        assert json.loads(answer.body)["output"] == "Ship it."


@pytest.mark.parametrize(
    ("text", "shown"), [("a\r\nb: c", "a b: c"), ("\x00", " "), ("é\t", "é\t")]
)
def test_control_characters_are_removed_from_headers(text: str, shown: str) -> None:
    assert printable(text) == shown


async def test_keep_alive_keeps_the_connection() -> None:
    read = b"GET /queue.fal.run/fal-ai/any-llm/requests/x HTTP/1.1\r\nHost: x\r\n"
    async with running_caller() as caller:
        data = await send_bytes(caller.server, read + b"\r\n" + read + b"Connection: close\r\n\r\n")
        assert data.count(b"HTTP/1.1 404 Not Found") == 2
        assert data.count(b"Connection: close") == 1


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_has_no_length_either(status: int) -> None:
    faults = {"run": [{"status": status, "body": {"detail": "not for this status"}}]}
    async with running_caller(scenario(exchange({"text": "Ship it.", "faults": faults}))) as caller:
        first = await caller.run("fal-ai/any-llm")
        assert (first.status, first.body) == (status, b"")
        assert "Content-Length" not in first.headers
        assert (await caller.run("fal-ai/any-llm")).status == 200


async def test_a_304_has_no_length() -> None:
    async with running_caller() as caller:
        url = await upload_file(caller, b"0123456789")
        etag = (await request_url(caller, "GET", url)).headers["ETag"]
        same = await request_url(caller, "GET", url, headers={"If-None-Match": etag})
        assert same.status == 304
        assert "Content-Length" not in same.headers
