"""Queues and logs of serverless apps."""

from __future__ import annotations

import json

from tests.handlers.platform.calling import running_platform

QUEUE = "/serverless/apps/acme/draw/queue"


async def test_a_queue_is_measured_and_flushed() -> None:
    apps = {"acme/draw": {"runners": 1}}
    async with running_platform(apps=apps) as platform:
        for _ in range(3):
            await platform.caller.submit("acme/draw")
        assert (await platform.api("GET", QUEUE)).json == {"queue_size": 2}
        rest = "/applications/acme/draw/queue"
        assert (await platform.rest("GET", rest)).json == {"size": 2}  # fal queue size
        assert (await platform.api("DELETE", QUEUE)).status == 204
        assert (await platform.api("GET", QUEUE)).json == {"queue_size": 0}
        await platform.caller.submit("acme/draw")
        assert (await platform.rest("DELETE", f"{rest}?caller_user_id=x")).status == 200
        assert (await platform.rest("GET", rest)).json == {"size": 0}


async def test_logs_are_listed_and_streamed() -> None:
    async with running_platform() as platform:
        request_id = await platform.finish()
        history = (await platform.api("POST", "/serverless/logs/history?app_id=draw", json=[])).json
        assert [item["message"] for item in history["items"]] == ["hello", "bad"]
        assert history["items"][0]["labels"]["request_id"] == request_id
        path = f"/serverless/logs/stream?request_id={request_id}&level=ERROR"
        streamed = await platform.api("POST", path, json=[])
        assert streamed.headers["content-type"].startswith("text/event-stream")
        (line,) = streamed.body.decode().split("\n\n")[:-1]
        assert json.loads(line.removeprefix("data: "))["message"] == "bad"


async def test_usage_is_in_runner_seconds() -> None:
    async with running_platform() as platform:
        await platform.finish()
        usage = (await platform.api("GET", "/serverless/usage?app=draw&expand=summary")).json
        (row,) = usage["summary"]
        assert (row["app"], row["quantity"], row["cost_total"]) == ("draw", 2, 0.001)
        listed = (await platform.api("GET", "/serverless/requests/by-endpoint")).json["items"]
        assert [item["billable_units"] for item in listed] == [3]
        apps = (await platform.api("GET", "/serverless/apps?search=draw&expand=endpoints")).json
        assert [app["endpoints"] for app in apps["apps"]] == [["acme/draw"]]
