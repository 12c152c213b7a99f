from __future__ import annotations

import json
from typing import Any

import pytest

from fakefal.recorder.importers.foreign import NotThisFormat
from fakefal.recorder.importers.postman import read_postman
from tests.recorder.importers.replay import replayed

URL = "https://fal.run/acme/draw"


def saved(body: str, url: Any = URL, **fields: Any) -> dict[str, Any]:
    request = {"method": "POST", "url": url, "body": {"mode": "raw", "raw": body}}
    headers = [{"key": "Content-Type", "value": "application/json"}]
    response = {"code": 200, "header": headers, "body": body, "responseTime": 12, **fields}
    return {"name": "draw", "request": request, "response": [response]}


async def test_saved_responses_are_replayed() -> None:
    other = {"method": "POST", "url": {"raw": URL}, "body": {"raw": '{"n": 2}'}}
    items = [
        {"name": "folder", "item": [saved('{"n": 1}')]},
        saved('{"n": 3}', {"raw": URL}, originalRequest=other),
        {"name": "never sent", "request": "https://fal.run/acme/draw", "response": []},
    ]
    imported = read_postman(json.dumps({"item": items}), "p.json")
    assert imported.unused == ["p.json: item[2]: it has no saved response"]
    assert [body for _, _, body in await replayed(imported)] == [{"n": 1}, {"n": 3}]


def test_what_cannot_be_read_is_listed() -> None:
    with pytest.raises(NotThisFormat):
        read_postman("{}", "p.json")
    imported = read_postman(json.dumps({"item": [saved("x", {}), 5]}), "p.json")
    assert imported.unused == ["p.json: item[0].response[0]: invalid (KeyError: 'raw')"]
