from __future__ import annotations

import pytest

from fakefal.recorder.importers.bodies import (
    kind_of,
    read_body,
    read_events,
    read_json_lines,
    status_of,
)
from fakefal.recorder.importers.foreign import NotThisFormat


def test_text_that_is_not_json_is_rejected() -> None:
    with pytest.raises(NotThisFormat, match="not JSON"):
        read_body("hello", "b.json")
    with pytest.raises(NotThisFormat, match="line 2 is not JSON"):
        read_json_lines("1\nhello", "b.json")
    with pytest.raises(NotThisFormat, match="no line with data:"):
        read_events("hello", "b.txt")


def test_the_kind_of_a_body() -> None:
    kinds = [
        ({"status": "COMPLETED", "request_id": "7"}, "status"),
        ({"status": "COMPLETED", "id": "7"}, None),
        ({"status": "OK", "request_id": "7", "payload": 1}, "webhook"),
        ({"status": "OK", "request_id": "7"}, None),
        ({"detail": "Not Found"}, None),
        ({"detail": "bad request", "error_type": "bad_request"}, "error"),
        ({"detail": [{"loc": [], "msg": "x", "type": "missing"}]}, None),
        (
            {
                "detail": [
                    {"loc": [], "msg": "x", "type": "missing", "url": "https://docs.fal.ai/errors"}
                ]
            },
            "error",
        ),
        ({"detail": [{"loc": [], "msg": "x", "type": "no_media_generated"}]}, "error"),
        ({"video": {"url": "https://v3b.fal.media/files/b/x.mp4"}}, "result"),
        ({"video": {"url": "https://cdn.example/files/b/x.mp4"}}, None),
        ([], None),
    ]
    assert [kind_of(body) for body, _ in kinds] == [kind for _, kind in kinds]


def test_the_status_of_an_error() -> None:
    statuses = [
        ({"detail": 'Cannot access application "a/b"'}, 403),
        ({"detail": "Method Not Allowed"}, 405),
        ({"detail": [{"loc": [], "msg": "x", "type": "generation_timeout"}]}, 504),
        ({"detail": [{"loc": [], "msg": "x", "type": "missing"}]}, 422),
        ({"detail": "?"}, 500),
        ("?", 500),
    ]
    assert [status_of(body) for body, _ in statuses] == [status for _, status in statuses]
