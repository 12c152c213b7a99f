"""queue.fal.run over HTTP; bodies as in docs/reference/protocol.md#queue and #example-exchange."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.building import exchange, scenario, timeline
from tests.callers import Caller, running_caller, send_bytes

APP = "/fal-ai/any-llm"


def requests(id_: str, app: str = APP, base: str = "https://queue.fal.run") -> str:
    return f"{base}{app}/requests/{id_}"


def compact(**fields: Any) -> bytes:
    """A body in fal's format: fields in this order, without spaces."""
    return json.dumps(fields, separators=(",", ":")).encode()


def urls(id_: str, base: str = "https://queue.fal.run") -> dict[str, str]:
    url = requests(id_, base=base)
    return {"response_url": url, "status_url": f"{url}/status", "cancel_url": f"{url}/cancel"}


async def finish(caller: Caller, id_: str, app: str = APP) -> None:
    for _ in range(2):
        await caller.request("GET", f"{app}/requests/{id_}/status")


# Submit


async def test_the_response_to_a_submit_is_fals_byte_for_byte() -> None:
    async with running_caller(scenario(exchange())) as caller:
        response = await caller.request("POST", APP, json={"prompt": "hi"})
        id_ = response.headers["x-fal-request-id"]
        assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
        assert response.body == compact(
            status="IN_QUEUE",
            request_id=id_,
            **urls(id_),
            logs=None,
            metrics={},
            queue_position=0,
        )


async def test_a_fast_model_runs_at_submit_and_has_no_position() -> None:
    async with running_caller(scenario(timeline())) as caller:
        body = (await caller.request("POST", APP, json={"prompt": "hi"})).json
        assert body["status"] == "IN_PROGRESS"
        assert "queue_position" not in body


@pytest.mark.parametrize(
    ("options", "base"),
    [
        ({"host": "queue.fal.run"}, "https://queue.fal.run"),
        ({"host": "queue.falrun.com"}, "https://queue.fal.run"),
        ({"host": "queue.fal.run:8787"}, "http://queue.fal.run:8787"),
        ({"host": None, "headers": {"X-Forwarded-Host": "queue.fal.run"}}, "https://queue.fal.run"),
        ({"host": None, "headers": {"x-fal-target-host": "queue.fal.run"}}, "{url}/queue.fal.run"),
    ],
)
async def test_the_urls_of_a_submit_have_the_address_form_of_the_caller(
    options: dict[str, Any], base: str
) -> None:
    async with running_caller() as caller:
        response = await caller.request("POST", APP, json={"prompt": "hi"}, **options)
        expected = urls(response.json["request_id"], base.format(url=caller.server.url))
        assert {name: response.json[name] for name in expected} == expected


async def test_the_proxy_header_gets_real_urls_whatever_the_path() -> None:
    async with running_caller() as caller:
        target = {"x-fal-target-url": "https://queue.fal.run/fal-ai/any-llm"}
        response = await caller.request(
            "POST", "/api/fal/proxy", host=None, headers=target, json={"prompt": "hi"}
        )
        assert response.json["response_url"] == requests(response.json["request_id"])


async def test_the_urls_of_the_base_form_can_be_requested_unchanged() -> None:
    async with running_caller() as caller:
        response = await caller.request(
            "POST", f"/queue.fal.run{APP}", host=None, json={"prompt": "hi"}
        )
        path = response.json["status_url"].removeprefix(caller.server.url)
        assert (await caller.request("GET", path, host=None)).json["status"] == "IN_QUEUE"


async def test_an_absolute_target_is_answered_with_real_urls() -> None:
    async with running_caller() as caller:
        received = await send_bytes(
            caller.server,
            b"POST http://queue.fal.run/fal-ai/any-llm HTTP/1.1\r\nHost: queue.fal.run\r\n"
            b"Authorization: Key id:secret\r\nConnection: close\r\nContent-Length: 15\r\n\r\n"
            b'{"prompt":"hi"}',
        )
        assert received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b'"status_url":"https://queue.fal.run/fal-ai/any-llm/requests/' in received


@pytest.mark.parametrize(
    ("endpoint", "app"),
    [
        ("fal-ai/any-llm/vision", "fal-ai/any-llm"),
        ("fal-ai/flux/dev/image-to-image", "fal-ai/flux"),
        ("workflows/owner/name", "workflows/owner/name"),
        ("workflows/owner/name/path", "workflows/owner/name"),
        ("comfy/owner/name", "comfy/owner/name"),
        ("110602490-lora", "110602490/lora"),
        ("fal-ai/any-llm/", "fal-ai/any-llm"),
    ],
)
async def test_request_urls_are_those_of_the_app(endpoint: str, app: str) -> None:
    async with running_caller(scenario(exchange({"output": {}}))) as caller:
        response = await caller.request(
            "POST", f"/{endpoint}", json={"prompt": "hi", "image_url": "x"}
        )
        id_ = response.json["request_id"]
        assert response.json["response_url"] == requests(id_, f"/{app}")
        assert (await caller.request("GET", f"/{app}/requests/{id_}/status")).status == 202


async def test_the_response_url_can_have_a_suffix() -> None:
    async with running_caller(scenario(exchange(), response_suffix=True)) as caller:
        response = await caller.request("POST", APP, json={"prompt": "hi"})
        assert response.json["response_url"] == f"{requests(response.json['request_id'])}/response"


# Status


async def test_polls_walk_the_timeline_and_are_202_until_the_end() -> None:
    reply = {"inference_time": 0.8123}
    async with running_caller(
        scenario(timeline({"IN_QUEUE": {"position": 2}}, "IN_PROGRESS", **reply))
    ) as caller:
        id_ = await caller.submit()
        responses = [
            await caller.request("GET", f"{APP}/requests/{id_}/status?logs=0") for _ in range(4)
        ]
        common = {"request_id": id_, **urls(id_), "logs": None}
        done = compact(status="COMPLETED", **common, metrics={"inference_time": 0.8123})
        assert [(response.status, response.body) for response in responses] == [
            (202, compact(status="IN_QUEUE", **common, metrics={}, queue_position=2)),
            (202, compact(status="IN_PROGRESS", **common, metrics={})),
            (200, done),
            (200, done),
        ]
        assert {response.headers["x-fal-request-id"] for response in responses} == {id_}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", None),
        ("?logs=0", None),
        ("?logs=false", None),
        ("?logs=1", ["loading"]),
        ("?logs=true", ["loading"]),
        ("?fal_webhook=x&logs=True", ["loading"]),
        ("?logs=0&logs=1", ["loading"]),
    ],
)
async def test_logs_are_sent_only_if_requested(query: str, expected: list[str] | None) -> None:
    async with running_caller(scenario(timeline({"IN_PROGRESS": {"logs": ["loading"]}}))) as caller:
        id_ = await caller.submit()
        logs = (await caller.request("GET", f"{APP}/requests/{id_}/status{query}")).json["logs"]
        assert (logs if logs is None else [log["message"] for log in logs]) == expected


async def test_a_log_entry_may_have_the_documented_fields() -> None:
    step = {"IN_PROGRESS": {"logs": [{"message": "hi", "level": "WARN", "labels": {"a": "b"}}]}}
    async with running_caller(scenario(timeline(step), log_entries="documented")) as caller:
        id_ = await caller.submit()
        response = await caller.request("GET", f"{APP}/requests/{id_}/status?logs=1")
        assert response.json["logs"] == [
            {
                "timestamp": "2026-01-01T00:00:00.000000Z",
                "message": "hi",
                "level": "WARN",
                "source": "USER",
                "labels": {"a": "b"},
            }
        ]


@pytest.mark.parametrize("path", ["status", "status/stream"])
async def test_a_log_entry_is_as_recorded(path: str) -> None:
    log = {"message": "hi", "level": "TRACE", "timestamp": "2024-12-20T15:37:17.120314"}
    async with running_caller(scenario(timeline({"IN_PROGRESS": {"logs": [log]}}))) as caller:
        id_ = await caller.submit()
        response = await caller.request("GET", f"{APP}/requests/{id_}/{path}?logs=1")
        assert (
            b'"logs":[{"timestamp":"2024-12-20T15:37:17.120314","message":"hi",'
            b'"labels":{"level":"TRACE","source":"USER"}}]'
        ) in response.body.replace(b", ", b",").replace(b": ", b":")


async def test_logs_are_an_empty_list_where_there_are_none() -> None:
    async with running_caller() as caller:
        id_ = await caller.submit()
        response = await caller.request("GET", f"{APP}/requests/{id_}/status?logs=1")
        assert response.json["logs"] == []


async def test_a_failed_request_is_completed_with_its_error() -> None:
    async with running_caller(scenario(exchange({"fail": "runner_disconnected"}))) as caller:
        id_ = await caller.submit()
        await finish(caller, id_)
        response = await caller.request("GET", f"{APP}/requests/{id_}/status")
        assert (response.status, response.body) == (
            200,
            compact(
                status="COMPLETED",
                request_id=id_,
                **urls(id_),
                logs=None,
                metrics={},
                error="Runner disconnected",
                error_type="runner_disconnected",
            ),
        )


# Result


async def test_a_result_is_the_bare_output_with_its_id_and_cost() -> None:
    async with running_caller(
        scenario(exchange({"text": "Ship it.", "billable_units": 0.5}))
    ) as caller:
        id_ = await caller.submit()
        await finish(caller, id_)
        response = await caller.request("GET", f"{APP}/requests/{id_}")
        assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
        assert response.headers["x-fal-request-id"] == id_
        assert response.headers["x-fal-billable-units"] == "0.5"
        assert response.body == compact(
            output="Ship it.", reasoning=None, partial=False, error=None
        )


async def test_a_result_before_completion_is_the_recorded_400() -> None:
    async with running_caller() as caller:
        id_ = await caller.submit()
        response = await caller.request("GET", f"{APP}/requests/{id_}")
        url = requests(id_)
        assert (response.status, response.body) == (
            400,
            compact(
                cancel_url=f"{url}/cancel",
                detail="Request is still in progress",
                request_id=id_,
                response_url=url,
                status_url=f"{url}/status",
            ),
        )
        assert response.headers["x-fal-request-id"] == id_


@pytest.mark.parametrize(
    ("fail", "status", "body", "headers"),
    [
        (
            "runner_disconnected",
            503,
            {"detail": "Runner disconnected", "error_type": "runner_disconnected"},
            {"X-Fal-Error-Type": "runner_disconnected"},
        ),
        (
            {"status": 418, "body": {"detail": "teapot"}, "headers": {"X-A": "b"}},
            418,
            {"detail": "teapot"},
            {"X-A": "b"},
        ),
        ({"status": 599, "body": [1]}, 599, [1], {}),
    ],
)
async def test_a_failure_comes_with_the_result(
    fail: Any, status: int, body: Any, headers: dict[str, str]
) -> None:
    async with running_caller(scenario(exchange({"fail": fail}))) as caller:
        id_ = await caller.submit()
        await finish(caller, id_)
        response = await caller.request("GET", f"{APP}/requests/{id_}")
        assert (response.status, response.json) == (status, body)
        assert headers.items() <= dict(response.headers).items()
        assert response.headers["x-fal-request-id"] == id_
        assert "x-fal-billable-units" not in response.headers
        assert response.reason


async def test_invalid_input_is_accepted_and_rejected_with_the_result() -> None:
    async with running_caller() as caller:
        id_ = await caller.submit(json={"prompt": "hi", "model": "nonsense"})
        await finish(caller, id_)
        status = await caller.request("GET", f"{APP}/requests/{id_}/status")
        response = await caller.request("GET", f"{APP}/requests/{id_}")
        assert list(status.json["metrics"]) == ["inference_time"]
        assert not {"error", "error_type"} & status.json.keys()
        assert (response.status, response.headers["x-fal-billable-units"]) == (422, "0")
        (item,) = response.json["detail"]
        assert (item["loc"], item["type"]) == (["body", "model"], "one_of")


async def test_a_body_that_is_not_json_is_accepted_and_rejected_with_the_result() -> None:
    async with running_caller() as caller:
        id_ = await caller.submit(json=None, data=b'{"prompt":')
        await finish(caller, id_)
        response = await caller.request("GET", f"{APP}/requests/{id_}")
        assert response.status == 422
        (item,) = response.json["detail"]
        assert (item["type"], item["msg"]) == ("json_invalid", "JSON decode error")
        assert item["loc"] == ["body", 10]


# Cancel


async def test_a_cancel_in_the_queue_can_be_repeated() -> None:
    async with running_caller() as caller:
        id_ = await caller.submit()
        for _ in range(2):
            response = await caller.request("PUT", f"{APP}/requests/{id_}/cancel")
            assert (response.status, response.body) == (202, b'{"status":"CANCELLATION_REQUESTED"}')
        result = await caller.request("GET", f"{APP}/requests/{id_}")
        assert (result.status, result.reason) == (499, "Client Closed Request")
        assert result.body == compact(detail="Request was cancelled", error_type="client_cancelled")
        assert result.headers["X-Fal-Error-Type"] == "client_cancelled"


async def test_a_cancel_after_completion_is_rejected() -> None:
    async with running_caller(scenario(timeline())) as caller:
        id_ = await caller.submit()
        response = await caller.request("PUT", f"{APP}/requests/{id_}/cancel")
        assert (response.status, response.body) == (400, b'{"status":"ALREADY_COMPLETED"}')


async def test_a_cancel_can_be_answered_as_openapi_has_it() -> None:
    async with running_caller(scenario(exchange(), cancel_answer="success")) as caller:
        id_ = await caller.submit()
        response = await caller.request("PUT", f"{APP}/requests/{id_}/cancel")
        assert (response.status, response.body) == (200, b'{"success":true}')


@pytest.mark.parametrize(
    ("operation", "method", "path"),
    [
        ("status", "GET", "/status"),
        ("status_stream", "GET", "/status/stream"),
        ("result", "GET", ""),
        ("cancel", "PUT", "/cancel"),
    ],
)
async def test_faults_of_reads_also_apply_to_unknown_requests(
    operation: str, method: str, path: str
) -> None:
    faults = {operation: [{"headers": {"x-late": "1"}}, "accepted-then-nginx-502", 500]}
    async with running_caller({**scenario(exchange()), "faults": faults}) as caller:
        responses = [await caller.request(method, f"{APP}/requests/none{path}") for _ in range(4)]
        assert [response.status for response in responses] == [404, 502, 500, 404]
        assert responses[0].json == {"status": "NOT_FOUND"}
        assert [response.headers.get("x-late") for response in responses] == ["1", None, None, None]


@pytest.mark.parametrize("answer", ["status", "success"])
async def test_the_journal_has_the_statuses_that_were_sent(answer: str) -> None:
    async with running_caller(scenario(exchange(), cancel_answer=answer)) as caller:
        id_ = await caller.submit()
        request = f"{APP}/requests/{id_}"
        sent = [(await caller.request("GET", f"{request}/status")).status]
        sent.append((await caller.request("PUT", f"{request}/cancel")).status)
        sent.append((await caller.request("GET", f"{request}/status")).status)
        entries = [entry.status for entry in caller.server.engine.tenants[0].journal]
        assert entries == [200, *sent]
