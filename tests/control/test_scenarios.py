from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fakefal.errors import ScenarioError
from fakefal.scenario.files.loader import load_file
from tests.building import exchange, make_call, make_engine, scenario, tenant_of
from tests.control.calls import call, call_json, expect_error

GOOD = "fakefal: 1\nname: tagline\nexchanges:\n  - id: a\n    reply: {text: Ship it.}\n"
BAD = "fakefal: 1\nexchanges:\n  - reply: {texd: x}\n  - when: {endpont: y}\n"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (GOOD, "application/yaml"),
        (GOOD, "text/yaml; charset=utf-8"),
        (GOOD, "application/x-www-form-urlencoded"),
        (scenario(exchange(id="a")), "application/json"),
        (scenario(exchange(id="a")), "application/x-www-form-urlencoded"),
        (scenario(exchange(id="a")), "application/yaml"),
    ],
)
def test_yaml_and_json_are_accepted(body: Any, kind: str) -> None:
    engine = make_engine()
    result = call_json(engine, "PUT", "/scenarios", body, Content_Type=kind)
    assert (result["file"], result["exchanges"], result["total"]) == ("scenario", 1, 1)
    (sent,) = call_json(engine, "GET", "/scenarios")["own"]
    assert sent["label"] == "a"
    assert tenant_of(engine).submit(make_call()).label == '"a"'


def test_scenarios_can_be_appended_and_cleared() -> None:
    engine = make_engine()
    call_json(engine, "PUT", "/scenarios", GOOD)
    assert call_json(engine, "POST", "/scenarios", GOOD)["total"] == 2
    assert call_json(engine, "DELETE", "/scenarios") == {"cleared": True}
    assert call_json(engine, "GET", "/scenarios")["own"] == []


def test_scenarios_can_be_sent_for_all_keys() -> None:
    engine = make_engine()
    result = call_json(engine, "PUT", "/scenarios?tenant=all&file=all.yaml", GOOD, key=None)
    assert (result["file"], result["name"], result["total"]) == ("all.yaml", "tagline", 1)
    for key in ("Key a:b", "Key c:d"):
        (loaded,) = call_json(engine, "GET", "/scenarios", key=key)["loaded"]
        assert loaded["location"] == "all.yaml:4"
    call_json(engine, "DELETE", "/scenarios?tenant=all", key=None)
    assert call_json(engine, "GET", "/scenarios?tenant=all")["loaded"] == []


def test_problems_are_those_of_a_file(tmp_path: Path) -> None:
    engine = make_engine()
    error = expect_error(engine, "PUT", "/scenarios?file=wrong.yaml", BAD)
    file = tmp_path / "wrong.yaml"
    file.write_text(BAD, encoding="utf-8")
    with pytest.raises(ScenarioError) as error_info:
        load_file(file)
    assert error.status == 422
    assert error.body["detail"] == str(error_info.value).replace(str(file), "wrong.yaml")
    positions = [(problem["line"], problem["column"]) for problem in error.body["problems"]]
    assert positions == [(3, 13), (4, 12)]
    assert call_json(engine, "GET", "/scenarios")["own"] == []


def test_problems_in_json_have_a_location_too() -> None:
    body = json.dumps({"fakefal": 1, "exchanges": [{"reply": {"texd": "x"}}]}, indent=1)
    error = expect_error(make_engine(), "POST", "/scenarios", body, Content_Type="application/json")
    (problem,) = error.body["problems"]
    assert (problem["line"], problem["path"]) == (6, "exchanges[0].reply.texd")


@pytest.mark.parametrize(
    ("body", "status", "what"),
    [
        ("", 400, "the body is empty — send a scenario"),
        (b"\xff\xfe", 400, "not UTF-8"),
        ("[]", 422, "a scenario must be a mapping"),
        ("{", 422, "scenario:1:2"),
        ("fakefal: 2", 422, "fakefal"),
    ],
)
def test_other_bodies_are_errors(body: Any, status: int, what: str) -> None:
    error = expect_error(make_engine(), "PUT", "/scenarios", body)
    assert error.status == status
    assert what in error.body["detail"]


@pytest.mark.parametrize("name", ["settings.py", "/etc/hostname", "../x.png"])
def test_no_file_of_the_server_can_be_reached(name: str) -> None:
    body = scenario(exchange({"output": {"image": {"file": name}}}))
    for file in ("x.yaml", f"{Path(__file__).parents[2]}/fakefal/x.yaml"):
        error = expect_error(make_engine(), "PUT", f"/scenarios?file={file}", body)
        assert error.status == 422
        assert (
            "a scenario that was sent over the API has no files beside it" in error.body["detail"]
        )


def test_what_is_listed_can_be_sent_again() -> None:
    engine = make_engine()
    call_json(engine, "PUT", "/scenarios", GOOD)
    exchanges = [use["exchange"] for use in call_json(engine, "GET", "/scenarios")["own"]]
    assert call(engine, "PUT", "/scenarios", {"fakefal": 1, "exchanges": exchanges}).status == 200


def test_one_exchange_is_set_and_the_others_keep_their_counts() -> None:
    engine = make_engine()
    call_json(engine, "PUT", "/scenarios", {"fakefal": 1, "exchanges": []})
    first = {"when": {"endpoint": "fal-ai/any-llm"}, "reply": {"text": "a"}, "times": 1}
    path = "/exchanges/99?location=poster.test.ts:12"
    assert call_json(engine, "PUT", path, first) == {"index": 0, "total": 1}
    tenant_of(engine).submit(make_call())
    assert call_json(engine, "PUT", "/exchanges/9", {"reply": {"text": "b"}})["index"] == 1
    assert call_json(engine, "PUT", "/exchanges/1", {"reply": {"text": "c"}})["total"] == 2
    own = call_json(engine, "GET", "/scenarios")["own"]
    assert [(row["used"], row["location"]) for row in own] == [(1, "poster.test.ts:12"), (0, "")]


def test_a_mistake_in_one_exchange_is_an_error_and_changes_nothing() -> None:
    engine = make_engine()
    for body, status, text in (
        ({"reply": {"texd": "x"}}, 422, 'unknown key "texd" — did you mean "text"?'),
        ({"when": {"input": {"$regex": "("}}, "reply": {"text": "x"}}, 422, "input.$regex"),
        ([], 400, "the body is not an exchange"),
    ):
        error = expect_error(engine, "PUT", "/exchanges/0", body)
        assert error.status == status
        assert text in str(error.body)
    assert expect_error(engine, "PUT", "/exchanges/x", {"reply": {"text": "x"}}).status == 400
    assert call_json(engine, "GET", "/scenarios")["own"] == []
