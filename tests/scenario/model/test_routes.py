"""What may be written under ``routes``."""

from __future__ import annotations

from typing import Any

from fakefal.scenario.model.routes import RouteReply, RouteSpec, RouteStream, RouteWhen
from tests.cases import failures
from tests.scenario.error_types import error_types

REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (RouteWhen, {"method": "FETCH"}, "word"),
    (RouteWhen, {"path": "v1"}, "route_path"),
    (RouteWhen, {"json": None, "body": "x"}, "conflict"),
    (RouteReply, {"json": None, "text": "x"}, "conflict"),
    (RouteReply, {"builtin": True, "json": 1}, "conflict"),
    (RouteReply, {"fail": "bad_key", "status": 400}, "conflict"),
    (RouteReply, {"base64": "not base64!"}, "base64"),
    (RouteReply, {"status": 199}, "greater_than_equal"),
    (RouteStream, {"chunks": [{}]}, "chunk_form"),
    (RouteStream, {"chunks": [{"text": "a", "pause": 1}]}, "conflict"),
    (RouteStream, {"chunks": [{"text": "a", "name": "x"}]}, "name_alone"),
    (RouteSpec, {"when": {}}, "reply_missing"),
    (RouteSpec, {"reply": {}, "replies": [{}]}, "conflict"),
    (RouteSpec, {"reply": {}, "then": "cycle"}, "then_alone"),
]


def test_what_is_refused() -> None:
    def check(model: Any, data: dict[str, Any], type_: str) -> None:
        assert error_types(model, data) == [type_]

    assert failures(check, REFUSED) == []


def test_single_items_and_short_forms() -> None:
    when = RouteWhen.model_validate({"host": "fal.ai", "method": "get"})
    assert (when.host, when.method) == (["fal.ai"], ["GET"])
    reply = RouteReply.model_validate({"stream": ["a", {"pause": "1s"}], "faults": "reset"})
    assert reply.stream is not None
    assert len(reply.stream.chunks) == 2
    assert reply.faults == ["reset"]
