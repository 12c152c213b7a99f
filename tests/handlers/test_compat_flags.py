"""The options for open questions (docs/reference/open-questions.md), over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.building import exchange, scenario
from tests.callers import KEY, Caller, running_caller

STEPS = [
    {"IN_QUEUE": {"polls": 1, "logs": ["queued"]}},
    {"IN_PROGRESS": {"polls": 1, "logs": ["loading", "running"]}},
]
REPLY = {"text": "x", "timeline": STEPS}


def scenario_with(reply: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return scenario(exchange(reply or REPLY), **options)


async def logs(caller: Caller) -> list[list[str]]:
    """The log messages in each of four polls."""
    id_ = await caller.submit()
    seen = []
    for _ in range(4):
        response = await caller.request("GET", f"/fal-ai/any-llm/requests/{id_}/status?logs=1")
        seen.append([log["message"] for log in response.json["logs"]])
    return seen


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (
            "cumulative",
            [["queued"], ["queued", "loading", "running"]] + [["queued", "loading", "running"]] * 2,
        ),
        ("window", [["queued"], ["loading", "running"], [], []]),
    ],
)
async def test_polled_logs_are_cumulative_or_those_of_the_current_step(
    option: str, expected: list[list[str]]
) -> None:
    async with running_caller(scenario_with(logs=option)) as caller:
        assert await logs(caller) == expected


@pytest.mark.parametrize(
    ("option", "newline", "named"),
    [
        ("plain", b"\n", False),
        ("plain-crlf", b"\r\n", False),
        ("named-crlf", b"\r\n", True),
        ("by-model", b"\n", False),
    ],
)
async def test_the_status_stream_has_the_configured_line_ends(
    option: str, newline: bytes, named: bool
) -> None:
    async with running_caller(
        scenario_with({"text": "x", "timeline": []}, status_sse=option)
    ) as caller:
        id_ = await caller.submit()
        response = await caller.request("GET", f"/fal-ai/any-llm/requests/{id_}/status/stream")
        assert response.body.endswith(newline * 2)
        assert (b"\r" in response.body) is (newline == b"\r\n")
        assert response.body.startswith(b"event: event" if named else b"data: ")


@pytest.mark.parametrize(
    ("keys", "style", "call", "read"),
    [
        (["good:key"], "by-call", "Cannot access application", "invalid key credentials"),
        (["good:key"], "no-user", "No user found", "No user found"),
        (["good:key"], "invalid", "invalid key credentials", "invalid key credentials"),
    ],
)
async def test_an_unlisted_key_gets_the_message_of_the_profile(
    keys: list[str], style: str, call: str, read: str
) -> None:
    async with running_caller(scenario_with(keys=keys, key_wording=style)) as caller:
        for host in ("queue.fal.run", "fal.run"):
            response = await caller.request(
                "POST", "/fal-ai/any-llm", host=host, json={"prompt": "x"}
            )
            assert response.status == 401
            assert response.json["detail"].startswith(call)
        response = await caller.request("GET", "/fal-ai/any-llm/requests/x/status")
        assert (response.status, response.json["detail"].startswith(read)) == (401, True)
        assert await caller.submit(key="good:key")


@pytest.mark.parametrize(("keys", "status"), [("any", 200), ("strict", 401)])
async def test_a_key_without_a_colon_is_valid_or_not(keys: str, status: int) -> None:
    async with running_caller(scenario_with(keys=keys)) as caller:
        assert (await caller.run(key="nocolon")).status == status
        assert (await caller.run(key=KEY)).status == 200


@pytest.mark.parametrize(
    ("option", "status", "note"),
    [
        ("ignore", 200, None),
        ("warn", 200, "unknown input fields: seed, pictures"),
        (
            "refuse",
            422,
            "fakefal's own check of LLM inputs refused seed, pictures (profile any); options: "
            "{validate: false} switches the check off",
        ),
    ],
)
async def test_unknown_input_fields(option: str, status: int, note: str | None) -> None:
    async with running_caller(scenario_with(unknown_fields=option)) as caller:
        response = await caller.run(json={"prompt": "x", "seed": 1, "pictures": "y"})
        assert response.status == status
        if status == 422:
            assert [item["loc"][1] for item in response.json["detail"]] == ["seed", "pictures"]
            assert [item["type"] for item in response.json["detail"]] == ["extra_forbidden"] * 2
        (entry,) = caller.server.controls(KEY).journal()
        assert entry.get("note") == note


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({}, 200),
        ({"long_prompts": "refuse"}, 422),
        ({"profile": "2025-01"}, 422),
        ({"profile": "2025-01", "long_prompts": "accept"}, 200),
        ({"profile": "2026-09"}, 200),
    ],
)
async def test_a_long_prompt_is_rejected_by_option_or_profile(
    options: dict[str, Any], status: int
) -> None:
    async with running_caller(scenario_with(**options)) as caller:
        response = await caller.run(json={"prompt": "x" * 5001})
        assert response.status == status
        assert (await caller.run(json={"prompt": "x" * 5000})).status == 200


async def test_a_profile_changes_schema_and_messages_together() -> None:
    async with running_caller(scenario_with(profile="2025-03", keys=["good:key"])) as caller:
        assert "No user found" in (await caller.run()).json["detail"]
        response = await caller.run(json={"prompt": "x", "model": "openai/o3"}, key="good:key")
        assert response.json["detail"][0]["type"] == "one_of"


@pytest.mark.parametrize(
    ("options", "cancel", "read"),
    [
        ({}, (202, {"status": "CANCELLATION_REQUESTED"}), 200),
        ({"cancel_answer": "success"}, (200, {"success": True}), 200),
        ({"reads_after_cancel": "not-found"}, (202, {"status": "CANCELLATION_REQUESTED"}), 404),
    ],
)
async def test_reads_after_a_cancel(
    options: dict[str, Any], cancel: tuple[int, Any], read: int
) -> None:
    async with running_caller(scenario_with(**options)) as caller:
        path = f"/fal-ai/any-llm/requests/{await caller.submit()}"
        response = await caller.request("PUT", f"{path}/cancel")
        assert (response.status, response.json) == cancel
        assert (await caller.request("GET", f"{path}/status")).status == read


async def test_a_rejected_request_is_one_journal_entry() -> None:
    environment = {"account": {"concurrency": 1}, "apps": {"*": {"queue_length": 9}}}
    async with running_caller(scenario_with({"text": "x"}) | environment) as caller:
        await caller.submit()
        response = await caller.run()
        full = await caller.request(
            "POST", "/fal-ai/any-llm?fal_max_queue_length=1", json={"prompt": "x"}
        )
        assert [response.status, full.status] == [429, 429]
        journal = caller.server.controls(KEY).journal()
        assert [(entry["kind"], entry["status"]) for entry in journal] == [
            ("call", 200),
            ("call", 429),
            ("call", 429),
        ]
        ids = [entry["request_id"] for entry in journal]
        assert [response.headers["x-fal-request-id"], full.headers["x-fal-request-id"]] == ids[1:]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Fal-Request-Timeout", "0.05"),
        ("X-Fal-Queue-Priority", "high"),
        ("X-Fal-Retry-Config", "["),
    ],
)
async def test_a_malformed_platform_header_is_a_bad_request(header: str, value: str) -> None:
    async with running_caller(scenario_with()) as caller:
        response = await caller.request("POST", "/fal-ai/any-llm", headers={header: value}, json={})
        assert (response.status, response.json["error_type"]) == (400, "bad_request")
        assert response.headers["X-Fal-Error-Type"] == "bad_request"


async def test_the_platform_headers_of_a_submit_apply() -> None:
    async with running_caller(
        scenario_with({"text": "x", "timeline": [{"IN_QUEUE": {"forever": True}}]})
    ) as caller:
        id_ = await caller.submit(headers={"X-Fal-Request-Timeout": "5.0"})
        caller.server.controls(KEY).advance(5)
        status = await caller.request("GET", f"/fal-ai/any-llm/requests/{id_}/status")
        response = await caller.request("GET", f"/fal-ai/any-llm/requests/{id_}")
        assert (status.status, status.json["error_type"]) == (200, "request_timeout")
        assert response.status == 504
        assert response.headers["X-Fal-Request-Timeout-Type"] == "user"


async def test_a_result_may_lag_behind_its_status() -> None:
    reply = {"text": "x", "timeline": [], "faults": {"result": ["too-early x2"]}}
    async with running_caller(scenario_with(reply)) as caller:
        path = f"/fal-ai/any-llm/requests/{await caller.submit()}"
        seen = []
        for _ in range(3):
            assert (await caller.request("GET", f"{path}/status")).json["status"] == "COMPLETED"
            response = await caller.request("GET", path)
            seen.append((response.status, response.json.get("detail")))
        assert seen == [(400, "Request is still in progress")] * 2 + [(200, None)]
