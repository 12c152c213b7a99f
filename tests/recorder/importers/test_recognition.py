from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fakefal.recorder.importers.recognition import recognize
from tests.cases import failures
from tests.cli.running import fakefal
from tests.recorder.importers.corpus import FILES, NAMES

STATUS = {"status": "IN_QUEUE", "request_id": "7", "queue_position": 1}
WEBHOOK = {"request_id": "7", "status": "OK", "payload": {"n": 1}}
REQUEST = {"method": "POST", "uri": "https://fal.run/a/b", "body": "", "headers": {}}
RESPONSE = {"status": {"code": 200}, "headers": {}, "body": {"string": "{}"}}
CASSETTE = [{"request": REQUEST, "response": RESPONSE}]
NOCK = [{"scope": "https://fal.run:443", "method": "POST", "path": "/a/b", "status": 200}]
POSTMAN = {"schema": "https://schema.getpostman.com/json/collection/v2.0.0/collection.json"}

KNOWN: list[tuple[Any, str]] = [
    ({"log": {"entries": []}}, "har"),
    ({"interactions": [], "version": 1}, "vcr"),
    ({"interactions": CASSETTE, "version": 1}, "vcr"),
    ({"http_interactions": CASSETTE, "recorded_with": "betamax/0.9.0"}, "vcr"),
    (CASSETTE, "vcr"),
    ("version: 2\ninteractions:\n  - id: 0\n    request: {}\n", "vcr"),
    ("http_interactions:\n- request: {}\nrecorded_with: VCR 6\n", "vcr"),
    ("---\n- request: {}\n", "vcr"),
    (NOCK, "nock"),
    ({"info": POSTMAN, "item": []}, "postman"),
    ({"fixtures": []}, "aimock"),
    ("> GET / HTTP/1.1\n", "curl"),
    ("=> Send header, 1 bytes\n", "curl"),
    ("12:00:00.000000 == Info: x\n12:00:00.000000 => Send header, 1 bytes\n", "curl"),
    ("HTTP/2 200 \ndate: now\n\n{}", "http"),
    ("POST /a/b HTTP/1.1\nHost: fal.run\n\n{}", "http"),
    ('data: {"n": 1}\n\n', "sse"),
    ('event: message\r\ndata: {"n": 1}\r\n\r\n', "sse"),
    (f"{json.dumps(STATUS)}\n{json.dumps(WEBHOOK)}\n", "jsonl"),
    (STATUS, "body"),
    (WEBHOOK, "body"),
    ({"request_id": "7", "status": "ERROR", "error": "x", "payload": None}, "body"),
    ({"detail": "Runner disconnected", "error_type": "runner_disconnected"}, "body"),
    ({"detail": 'Application "x" not found'}, "body"),
    ({"detail": "User is locked. Reason: TOP_UP."}, "body"),
    ({"status": "NOT_FOUND"}, "body"),
    ({"images": [{"url": "https://v3.fal.media/files/x.png"}]}, "body"),
    ({"output": "Ship it.", "reasoning": None, "partial": False, "error": None}, "body"),
]


def test_a_recording_is_recognized_by_its_structure() -> None:
    def check(content: Any, expected: str) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        assert recognize(text, "x") == expected
        assert recognize(f"\ufeff{text}", "x") == expected

    assert failures(check, KNOWN) == []


def test_no_file_of_another_tool_is_taken_for_a_recording_of_fal(tmp_path: Path) -> None:
    assert len(FILES) >= 60
    target = tmp_path / "a.yaml"

    def check(name: str, data: bytes) -> None:
        path = tmp_path / name
        path.write_bytes(data)
        ran = fakefal("import", path, "-o", target)
        assert not target.exists()
        assert ran.code == 2, ran
        assert str(path) in ran.err
        if name in NAMES:
            assert f"{name} is {NAMES[name]}, which cannot be imported — " in ran.err
        else:
            assert any(
                text in ran.err
                for text in (
                    "can be imported",
                    "--format",
                    "no calls",
                    "not UTF-8",
                    "cannot be imported",
                )
            ), ran.err

    assert failures(check, FILES.items()) == []
