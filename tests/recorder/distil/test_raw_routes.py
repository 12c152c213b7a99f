from __future__ import annotations

from typing import Any

import pytest

from fakefal.recorder.capture.captures import Capture, RecordedRequest, RecordedResponse
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.raw_routes import MAX_INLINE_BYTES, RawRoutes
from fakefal.recorder.output.writer import Writer
from tests.callers import running_caller
from tests.recorder.sessions import KEY, distil_captures, make_capture, make_request, make_run

TEXT = (("Content-Type", "text/plain; charset=utf-8"), ("X-More", "{{ 1 }}"))
BINARY = (("Content-Type", "application/x-thing"),)


def raw(*captures: Capture) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    routes = RawRoutes(Redactor(), "a.files", {}, {})
    assert all([routes.add(capture, "why") for capture in captures])
    return routes.routes(), routes.contents


def get(path: str, body: Any, headers: Any = TEXT, status: int = 200, query: str = "") -> Capture:
    return make_capture(
        0, make_request("GET", "api.fal.ai", path, None, query), status, body, headers
    )


async def test_answers_are_replayed_byte_for_byte(tmp_path: Any) -> None:
    path = tmp_path / "a.yaml"
    big = bytes(range(256)) * 20
    captures = [
        get("/v1/text", b"{{ x }} caf\xc3\xa9\n\n"),
        get("/v1/spaced", b'{"a": 1}', (("Content-Type", "application/json"),)),
        get("/v1/small", b"\xff\x00", BINARY),
        get("/v1/big", big, BINARY),
        get("/v1/none", b"", (), 204),
        get("/v1/list", b"one", query="page=1"),
        get("/v1/list", b"two", query="page=2"),
        get("/v1/refused", b"<html>", (("Content-Type", "text/html"),), 503),
        make_run(0, {"prompt": "x"}, b"\x89PNG", headers=(("Content-Type", "image/png"),)),
    ]
    distilled = distil_captures(*captures, folder="a.files")
    assert distilled.notes == []
    Writer(path, Redactor()).finish(distilled)
    async with running_caller(path, clock="instant") as caller:
        for capture in captures:
            request = capture.request
            target = f"{request.path}?{request.query}" if request.query else request.path
            answer: Any = await caller.request(
                request.method, target, host=request.host, data=request.body or None
            )
            assert (answer.status, answer.body) == (capture.response.status, capture.response.body)
            expected = capture.response.header("content-type")
            assert not expected or answer.headers["content-type"] == expected


def test_what_is_stored_where() -> None:
    (route,), contents = raw(get("/a", b"\xff" * (MAX_INLINE_BYTES + 1), BINARY))
    assert list(contents) == [route["reply"]["file"]]
    (route,), contents = raw(get("/a", b"\xff", BINARY))
    assert (route["reply"]["base64"], contents) == ("/w==", {})
    (route,), _ = raw(get("/a", b"hi"))
    assert route["reply"]["headers"] == {"x-more": '{{ "{{ 1 }}" }}'}


def test_equal_requests_become_replies_and_secrets_are_left_out() -> None:
    query = f"page=1&api_key={KEY}&fal_webhook=https%3A%2F%2Fx.example"
    first = get("/a", b"one", query=query)
    second = get("/a", b"two", query="page=1")
    (route,), _ = raw(first, second, second)
    assert route["when"]["query"] == {"page": "1"}
    assert [reply["text"] for reply in route["replies"]] == ["one", "two"]


@pytest.mark.parametrize(("method", "status"), [("TRACE", 200), ("GET", 101)])
def test_what_a_route_cannot_hold_is_refused(method: str, status: int) -> None:
    request = RecordedRequest(method, "api.fal.ai", "/a")
    capture = Capture(0, 0, request, RecordedResponse(status))
    assert not RawRoutes(Redactor(), "f", {}, {}).add(capture, "why")


def test_bodies_are_conditions_if_they_can_be_compared() -> None:
    def when(body: bytes, kind: str) -> Any:
        request = RecordedRequest("POST", "api.fal.ai", "/a", "", (("Content-Type", kind),), body)
        (route,), _ = raw(Capture(0, 0, request, RecordedResponse(200)))
        return {name: route["when"][name] for name in ("json", "body") if name in route["when"]}

    assert when(b'{"a": 1}', "application/json") == {"json": {"$eq": {"a": 1}}}
    assert when(b"hello", "text/plain") == {"body": {"$eq": "hello"}}
    assert when(b"--x\r\n", "multipart/form-data; boundary=x") == {}
    assert when(b"\xff", "application/octet-stream") == {}


def test_a_pause_and_a_broken_connection_are_kept() -> None:
    slow = make_capture(0, make_request("GET", "api.fal.ai", "/a"), 200, b"x", TEXT, seconds=0.5)
    (route,), _ = raw(slow)
    assert route["reply"]["pause"] == "500ms"
    cut = Capture(0, 0, make_request("GET", "api.fal.ai", "/a"), RecordedResponse(0, cut="reset"))
    (route,), _ = raw(cut)
    assert route["reply"] == {"faults": ["reset"]}
