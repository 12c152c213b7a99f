"""What a route sends."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.core.route_request import RouteRequest
from fakefal.scenario.compiler.routes import compile_route
from fakefal.scenario.media.assets import Asset, make_asset
from fakefal.scenario.model.routes import RouteSpec
from fakefal.scenario.render.route import RenderedRoute, render_route, route_variables
from fakefal.scenario.templates.templates import TemplateError
from tests.cases import failures

REQUEST = RouteRequest("POST", "fal.ai", "/a/1", "q=2", {"x": "y"}, b'{"n": 3}')


def rendered(reply: dict[str, Any]) -> RenderedRoute:
    model = RouteSpec.model_validate({"reply": reply})
    assets = {"a.mp3": make_asset("a.mp3", b"mp3")}
    compiled = compile_route(model, 0, assets=assets).replies[0]

    def store(asset: Asset) -> Any:
        return {"url": f"https://v3b.fal.media/{asset.name}", "file_size": len(asset.data)}

    return render_route(compiled, route_variables(REQUEST, {"id": "1"}, "r", 1, 0), store)


def test_bodies_and_their_types() -> None:
    def check(reply: dict[str, Any], payload: bytes, content_type: str) -> None:
        response = rendered(reply)
        assert (response.payload, response.content_type) == (payload, content_type)

    cases: list[tuple[dict[str, Any], bytes, str]] = [
        ({}, b"", ""),
        ({"json": None}, b"null", "application/json"),
        ({"json": "{{ json.n }}"}, b"3", "application/json"),
        ({"text": "{{ params.id }}ü"}, "1ü".encode(), "text/plain; charset=utf-8"),
        ({"base64": "AAE="}, b"\x00\x01", "application/octet-stream"),
        ({"base64": "{{ 'AAE=' }}"}, b"\x00\x01", "application/octet-stream"),
        ({"file": "a.mp3"}, b"mp3", "audio/mpeg"),
        ({"file": "a.mp3", "content_type": "a/b"}, b"mp3", "a/b"),
        (
            {"json": {"file": "a.mp3", "as": "url"}},
            b'"https://v3b.fal.media/a.mp3"',
            "application/json",
        ),
        (
            {"json": [{"file": "a.mp3", "width": 1}]},
            b'[{"url":"https://v3b.fal.media/a.mp3","file_size":3,"width":1}]',
            "application/json",
        ),
    ]
    assert failures(check, cases) == []


def test_status_and_headers() -> None:
    assert rendered({}).status == 200
    assert rendered({"builtin": True}).status is None
    assert rendered({"builtin": True, "status": 418}).status == 418
    response = rendered({"fail": "bad_key", "headers": {"x-n": "{{ json.n }}"}})
    assert (response.status, response.headers[-1]) == (401, ("x-n", "3"))


def test_chunks_and_their_pauses() -> None:
    chunks = ["ab", {"pause": "2s"}, {"json": {"a": 1}}, {"base64": "AAE="}, {"pause": "3s"}]
    response = rendered({"stream": {"chunks": chunks, "first": "1s", "every": "5s", "slice": 4}})
    assert response.chunks is not None
    assert [(chunk.wait_seconds, chunk.data) for chunk in response.chunks] == [
        *[(1, b"ab"), (7, b'{"a"'), (5, b":1}\n"), (5, b"\x00\x01"), (8, b"")],
    ]


def test_events_of_several_lines() -> None:
    (chunk,) = rendered({"stream": [{"event": "a\nb", "name": "n"}]}).chunks or ()
    assert chunk.data == b"event: n\ndata: a\ndata: b\n\n"


def test_a_template_that_does_not_render_base64() -> None:
    with pytest.raises(TemplateError, match="does not render base64"):
        rendered({"base64": "{{ 'é' }}"})
