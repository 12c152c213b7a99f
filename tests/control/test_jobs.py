from __future__ import annotations

import pytest

from fakefal.protocol.errors.errors import ApiError
from tests.building import ANY_LLM, exchange, make_call, make_engine, tenant_of, timeline
from tests.control.calls import call_json, expect_error


def test_journal_jobs_and_misses_of_a_key_are_listed() -> None:
    engine = make_engine([exchange(when={"via": "queue"})])
    tenant = tenant_of(engine)
    job = tenant.submit(make_call())
    with pytest.raises(ApiError, match="404"):
        tenant.stream(make_call(via="stream"))
    assert [entry["status"] for entry in call_json(engine, "GET", "/journal")] == [200, 404]
    assert [listed["request_id"] for listed in call_json(engine, "GET", "/jobs")] == [job.id]
    (miss,) = call_json(engine, "GET", "/misses")
    assert miss.startswith("no exchange for fal-ai/any-llm (stream); nearest: ")
    (details,) = call_json(engine, "GET", "/misses?details=true")
    assert (details["text"], details["via"]) == (miss, "stream")
    assert details["nearest"][0]["difference"]
    for path in ("/journal", "/jobs", "/misses"):
        assert call_json(engine, "GET", path, key="Key other") == []


def test_jobs_can_be_filtered_by_state_and_endpoint() -> None:
    engine = make_engine([timeline({"IN_QUEUE": {"forever": True}})])
    tenant = tenant_of(engine)
    first = tenant.submit(make_call())
    second = tenant.submit(make_call("fal-ai/flux/dev"))
    tenant.cancel("fal-ai/flux", second.id)

    def select(query: str) -> list[str]:
        return [listed["request_id"] for listed in call_json(engine, "GET", f"/jobs?{query}")]

    assert select("state=queued") == [first.id]
    assert select("state=queued,cancelled") == [first.id, second.id]
    assert select("endpoint=fal-ai/fl*") == [second.id]
    assert select("limit=1") == [second.id]
    assert expect_error(engine, "GET", "/jobs?state=done").status == 400


def test_a_job_is_shown_from_input_to_output() -> None:
    step = {"IN_PROGRESS": {"logs": ["loading"], "for": "2s"}}
    engine = make_engine([timeline({"IN_QUEUE": {"position": 2}}, step)])
    tenant = tenant_of(engine)
    job = tenant.submit(make_call(headers={"x-a": "b"}))
    shown = call_json(engine, "GET", f"/jobs/{job.id}")
    assert (shown["state"], shown["step"], shown["input"]) == ("queued", 0, {"prompt": "hi"})
    assert [step["state"] for step in shown["timeline"]] == ["IN_QUEUE", "IN_PROGRESS"]
    assert (shown["timeline"][0]["queue_position"], shown["timeline"][1]["seconds"]) == (2, 2.0)
    assert (shown["status"], shown["output"], shown["headers"]) == (None, None, {"x-a": "b"})
    tenant.status(ANY_LLM, job.id, with_logs=False)
    tenant.clock.advance(2)
    shown = call_json(engine, "GET", f"/jobs/{job.id}")
    assert (shown["state"], shown["status"]) == ("completed", 200)
    assert shown["output"]["output"] == "Ship it."
    assert [log["message"] for log in shown["logs"]] == ["loading"]


def test_an_html_page_is_shown_as_text() -> None:
    engine = make_engine([exchange({"fail": {"status": 502, "body": "<html>"}})])
    job = tenant_of(engine).submit(make_call())
    for _ in range(2):
        tenant_of(engine).status(ANY_LLM, job.id, with_logs=False)
    shown = call_json(engine, "GET", f"/jobs/{job.id}")
    assert (shown["status"], shown["output"]) == (502, "<html>")


def test_a_job_of_another_key_is_not_found() -> None:
    engine = make_engine()
    job = tenant_of(engine).submit(make_call())
    assert expect_error(engine, "GET", f"/jobs/{job.id}", key="Key other").status == 404


def test_files_are_listed() -> None:
    assert call_json(make_engine(), "GET", "/files") == []
