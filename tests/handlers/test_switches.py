"""The switches of protocol.md section 16, as callers meet them over HTTP."""

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


def given(reply: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return scenario(exchange(reply or REPLY), **options)


async def logs(caller: Caller) -> list[list[str]]:
    """The messages that each of four polls shows."""
    id_ = await caller.submit()
    seen = []
    for _ in range(4):
        heard = await caller.request("GET", f"/fal-ai/any-llm/requests/{id_}/status?logs=1")
        seen.append([line["message"] for line in heard.json["logs"]])
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
async def test_polled_logs_are_all_so_far_or_those_of_the_present_step(
    option: str, expected: list[list[str]]
) -> None:
    async with running_caller(given(logs=option)) as caller:
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
async def test_the_status_stream_ends_its_lines_as_told(
    option: str, newline: bytes, named: bool
) -> None:
    async with running_caller(given({"text": "x", "timeline": []}, status_sse=option)) as caller:
        id_ = await caller.submit()
        heard = await caller.request("GET", f"/fal-ai/any-llm/requests/{id_}/status/stream")
        assert heard.body.endswith(newline * 2)
        assert (b"\r" in heard.body) is (newline == b"\r\n")
        assert heard.body.startswith(b"event: event" if named else b"data: ")


@pytest.mark.parametrize(
    ("keys", "wording", "call", "read"),
    [
        (["good:key"], "by-call", "Cannot access application", "invalid key credentials"),
        (["good:key"], "no-user", "No user found", "No user found"),
        (["good:key"], "invalid", "invalid key credentials", "invalid key credentials"),
    ],
)
async def test_a_key_that_is_not_in_the_list_is_told_so_in_the_words_of_its_time(
    keys: list[str], wording: str, call: str, read: str
) -> None:
    async with running_caller(given(keys=keys, key_wording=wording)) as caller:
        for host in ("queue.fal.run", "fal.run"):
            heard = await caller.request("POST", "/fal-ai/any-llm", host=host, json={"prompt": "x"})
            assert heard.status == 401
            assert heard.json["detail"].startswith(call)
        heard = await caller.request("GET", "/fal-ai/any-llm/requests/x/status")
        assert (heard.status, heard.json["detail"].startswith(read)) == (401, True)
        assert await caller.submit(key="good:key")


@pytest.mark.parametrize(("keys", "status"), [("any", 200), ("strict", 401)])
async def test_a_key_without_a_colon_is_good_or_not(keys: str, status: int) -> None:
    async with running_caller(given(keys=keys)) as caller:
        assert (await caller.run(key="nocolon")).status == status
        assert (await caller.run(key=KEY)).status == 200


@pytest.mark.parametrize(
    ("option", "status", "note"),
    [
        ("ignore", 200, None),
        ("warn", 200, "unknown input fields: seed, pictures"),
        ("refuse", 422, None),
    ],
)
async def test_fields_that_the_model_does_not_know(
    option: str, status: int, note: str | None
) -> None:
    async with running_caller(given(unknown_fields=option)) as caller:
        heard = await caller.run(json={"prompt": "x", "seed": 1, "pictures": "y"})
        assert heard.status == status
        if status == 422:
            assert [it["loc"][1] for it in heard.json["detail"]] == ["seed", "pictures"]
            assert [it["type"] for it in heard.json["detail"]] == ["extra_forbidden"] * 2
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
async def test_a_long_prompt_is_refused_by_switch_and_in_old_times(
    options: dict[str, Any], status: int
) -> None:
    async with running_caller(given(**options)) as caller:
        heard = await caller.run(json={"prompt": "x" * 5001})
        assert heard.status == status
        assert (await caller.run(json={"prompt": "x" * 5000})).status == 200


async def test_a_profile_changes_schema_and_words_together() -> None:
    async with running_caller(given(profile="2025-03", keys=["good:key"])) as caller:
        assert "No user found" in (await caller.run()).json["detail"]
        heard = await caller.run(json={"prompt": "x", "model": "openai/o3"}, key="good:key")
        assert heard.json["detail"][0]["type"] == "one_of"


@pytest.mark.parametrize(
    ("options", "cancel", "read"),
    [
        ({}, (202, {"status": "CANCELLATION_REQUESTED"}), 200),
        ({"cancel_answer": "success"}, (200, {"success": True}), 200),
        ({"reads_after_cancel": "not-found"}, (202, {"status": "CANCELLATION_REQUESTED"}), 404),
    ],
)
async def test_a_cancel_and_what_is_read_after_it(
    options: dict[str, Any], cancel: tuple[int, Any], read: int
) -> None:
    async with running_caller(given(**options)) as caller:
        path = f"/fal-ai/any-llm/requests/{await caller.submit()}"
        heard = await caller.request("PUT", f"{path}/cancel")
        assert (heard.status, heard.json) == cancel
        assert (await caller.request("GET", f"{path}/status")).status == read


async def test_a_refused_request_is_one_line_of_the_journal() -> None:
    circumstances = {"account": {"concurrency": 1}, "apps": {"*": {"queue_length": 9}}}
    async with running_caller(given({"text": "x"}) | circumstances) as caller:
        await caller.submit()
        heard = await caller.run()
        full = await caller.request(
            "POST", "/fal-ai/any-llm?fal_max_queue_length=1", json={"prompt": "x"}
        )
        assert [heard.status, full.status] == [429, 429]
        journal = caller.server.controls(KEY).journal()
        assert [(it["kind"], it["status"]) for it in journal] == [
            ("call", 200),
            ("call", 429),
            ("call", 429),
        ]
        ids = [it["request_id"] for it in journal]
        assert [heard.headers["x-fal-request-id"], full.headers["x-fal-request-id"]] == ids[1:]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Fal-Request-Timeout", "0.05"),
        ("X-Fal-Queue-Priority", "high"),
        ("X-Fal-Retry-Config", "["),
    ],
)
async def test_a_malformed_platform_header_is_a_bad_request(header: str, value: str) -> None:
    async with running_caller(given()) as caller:
        heard = await caller.request("POST", "/fal-ai/any-llm", headers={header: value}, json={})
        assert (heard.status, heard.json["error_type"]) == (400, "bad_request")
        assert heard.headers["X-Fal-Error-Type"] == "bad_request"


async def test_the_platform_headers_of_a_submit_are_obeyed() -> None:
    async with running_caller(
        given({"text": "x", "timeline": [{"IN_QUEUE": {"forever": True}}]})
    ) as caller:
        id_ = await caller.submit(headers={"X-Fal-Request-Timeout": "5.0"})
        caller.server.controls(KEY).advance(5)
        status = await caller.request("GET", f"/fal-ai/any-llm/requests/{id_}/status")
        heard = await caller.request("GET", f"/fal-ai/any-llm/requests/{id_}")
        assert (status.status, status.json["error_type"]) == (200, "request_timeout")
        assert heard.status == 504
        assert heard.headers["X-Fal-Request-Timeout-Type"] == "user"


async def test_a_result_may_lag_behind_its_status() -> None:
    reply = {"text": "x", "timeline": [], "faults": {"result": ["too-early x2"]}}
    async with running_caller(given(reply)) as caller:
        path = f"/fal-ai/any-llm/requests/{await caller.submit()}"
        seen = []
        for _ in range(3):
            assert (await caller.request("GET", f"{path}/status")).json["status"] == "COMPLETED"
            heard = await caller.request("GET", path)
            seen.append((heard.status, heard.json.get("detail")))
        assert seen == [(400, "Request is still in progress")] * 2 + [(200, None)]
