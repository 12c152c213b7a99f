from __future__ import annotations

import gzip
import json

import pytest

from fakefal.recorder.importers.foreign import NotThisFormat
from fakefal.recorder.importers.nock import read_nock
from tests.recorder.importers.replay import replayed

CALL = {"scope": "https://fal.run:443", "method": "POST", "path": "/acme/draw", "status": 200}


async def test_definitions_are_replayed() -> None:
    packed = gzip.compress(b'{"n": 3}').hex()
    definitions = [
        {**CALL, "body": {"n": 1}, "response": {"n": 1}, "rawHeaders": ["X-A", "b"]},
        {**CALL, "body": {"n": 2}, "response": '{"n": 2}', "headers": {"x-a": "b"}},
        {
            **CALL,
            "body": {"n": 3},
            "response": [packed[:10], packed[10:]],
            "rawHeaders": {"content-encoding": "gzip"},
        },
    ]
    imported = read_nock(json.dumps(definitions), "n.json")
    assert imported.unused == []
    answers = [body for _, _, body in await replayed(imported)]
    assert answers == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert imported.captures[0].response.header("x-a") == "b"


def test_what_cannot_be_read_is_listed() -> None:
    with pytest.raises(NotThisFormat):
        read_nock("{}", "n.json")
    imported = read_nock(json.dumps([{}, {**CALL, "scope": "http://x.example:80"}]), "n.json")
    assert imported.unused == [
        "n.json: [0]: invalid (KeyError: 'scope')",
        "n.json: [1]: POST x.example: not a fal host",
    ]
