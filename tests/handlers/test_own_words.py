"""What fakefal itself refuses or lacks says so, beside fal's words on the wire."""

from __future__ import annotations

from typing import Any

import httpx

from fakefal import FakeFal

CALL = "https://fal.run/fal-ai/any-llm"


def send(method: str, url: str, body: Any = None) -> httpx.Response:
    return httpx.request(method, url, json=body, headers={"Authorization": "Key a:b"})


def test_a_route_that_the_fake_lacks_is_a_miss(fakefal: FakeFal) -> None:
    unserved = [
        ("GET", "https://rest.fal.ai/kv/x"),
        ("PUT", "https://rest.fal.ai/kv/x"),
        ("GET", "https://rest.fal.ai/teams"),
        ("POST", "https://rest.fal.ai/teams"),
        ("GET", "https://api.fal.ai/v1/serverless/files/list"),
        ("POST", "https://api.fal.ai/v1/assets/collections"),
        ("GET", "https://auth.fal.ai/authorize"),
    ]
    assert [send(*request).status_code for request in unserved] == [404] * 7
    misses = fakefal.pop_misses()
    assert len(misses) == 7
    assert misses[0] == (
        "fakefal does not serve GET rest.fal.ai/kv/x: it answered 404, where fal may answer "
        "otherwise — see docs/differences.md for what is served"
    )
    assert send("GET", "https://rest.fal.ai/storage/upload/initiate").status_code == 405
    assert fakefal.pop_misses() == []  # that method fal refuses too


def test_a_refused_input_names_fakefal_in_header_and_journal(fakefal: FakeFal) -> None:
    response = send("POST", CALL, {"prompt": 7})
    text = (
        "fakefal's own check of LLM inputs refused prompt (profile any); options: {validate: "
        "false} switches the check off"
    )
    assert response.status_code == 422
    assert response.headers["x-fakefal-hint"] == text
    assert "fakefal" not in response.text
    (entry,) = fakefal.journal
    assert entry["note"] == text
    assert text in str(fakefal.timeline)


def test_an_unknown_model_may_match_an_exchange(fakefal: FakeFal) -> None:
    call = {"prompt": "x", "model": "new/model"}
    assert send("POST", CALL, call).status_code == 422
    fakefal.on("fal-ai/any-llm").text("x")
    assert send("POST", CALL, call).status_code == 200
    assert fakefal.journal[-1]["note"] == (
        "no version of fal's schema has the model new/model; an exchange matches"
    )
    fakefal.options(models="strict")
    assert send("POST", CALL, call).status_code == 422
    fakefal.options(models="lenient", profile="2025-07")
    assert send("POST", CALL, call).status_code == 422


def test_a_miss_has_a_message_for_the_javascript_client(fakefal: FakeFal) -> None:
    body = send("POST", CALL, {"prompt": "x"}).json()
    assert body["message"] == body["detail"] == fakefal.pop_misses()[0]


def test_the_first_one_and_a_priority_go_first(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("general")
    fakefal.on("fal-ai/any-llm", prompt="x", first=True).text("special")
    assert send("POST", CALL, {"prompt": "x"}).json()["output"] == "special"
    exchange = {"priority": 9, "when": {"input": {"prompt": "x"}}, "reply": {"text": "file"}}
    fakefal.load({"fakefal": 1, "exchanges": [exchange]})
    assert send("POST", CALL, {"prompt": "x"}).json()["output"] == "file"
    assert send("POST", CALL, {"prompt": "y"}).json()["output"] == "general"
