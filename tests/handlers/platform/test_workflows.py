"""Definitions of workflows."""

from __future__ import annotations

from typing import Any

from tests.building import exchange
from tests.handlers.platform.calling import running_platform

CONTENTS = {
    **{"name": "n", "version": "0.1", "output": {}, "schema": {"input": {}, "output": {}}},
    "nodes": {"a": {"id": "a", "type": "run", "app": "acme/draw", "depends": [], "input": {}}},
}
BODY: dict[str, Any] = {"name": "night-ly", "title": "Nightly", "contents": CONTENTS}
SCRIPTED = exchange({"output": 1}, when={"endpoint": "workflows/acme/scripted"})


async def test_workflows_are_created_listed_and_read() -> None:
    async with running_platform(exchanges=[SCRIPTED]) as platform:
        created = await platform.api("POST", "/workflows", json=BODY)
        assert (created.status, created.json["workflow"]["contents"]) == (201, CONTENTS)
        listed = (await platform.api("GET", "/workflows")).json
        names = [(row["user_nickname"], row["name"]) for row in listed["workflows"]]
        assert names == [("id", "night-ly"), ("acme", "scripted")]
        assert listed["workflows"][0]["endpoint_ids"] == ["acme/draw"]
        for query, count in (
            ("search=NIGHT", 1),
            ("used_endpoint_ids=acme/draw", 1),
            ("limit=1", 2),
        ):
            assert (await platform.api("GET", f"/workflows?{query}")).json["total"] == count
        one = (await platform.api("GET", "/workflows/id/night-ly")).json
        assert one["workflow"]["title"] == "Nightly"
        assert (await platform.api("GET", "/workflows/acme/none")).status == 404
        wrongs: tuple[dict[str, Any], ...] = ({"name": "a b"}, {"title": 1}, {"contents": {}})
        for wrong in wrongs:
            assert (await platform.api("POST", "/workflows", json={**BODY, **wrong})).status == 400


async def test_the_sdk_publishes_to_rest() -> None:
    async with running_platform() as platform:
        published = (await platform.rest("POST", "/workflows/", json=BODY)).json
        assert (published["user_id"].split("|")[-1], published["name"]) == ("id", "night-ly")
        path = "/workflows/id/night-ly"
        assert (await platform.rest("GET", path)).json["contents"] == CONTENTS
        assert (await platform.rest("POST", "/workflows/", json={"name": 1})).status == 422
        statuses = [(await platform.rest("DELETE", path)).status for _ in range(2)]
        assert statuses == [204, 404]
